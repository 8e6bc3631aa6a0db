"""`report`: prints the figures of the page and the digest on a terminal."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import click

from cli.words import columns, say, table
from desk import digest, figures
from desk.calendar import WorkCalendar
from desk.figures import Figures, Period
from runtime.process import Process
from web.lead.spans import percent, took


def report(process: Process, days: int, *, as_json: bool) -> None:
    """Print the figures of the last days up to yesterday, in total and by department."""
    config, now = process.effective_config.current(), process.clock.now()
    yesterday = WorkCalendar(config.calendar.named()).local(now).date() - timedelta(days=1)
    try:
        period = Period.up_to(yesterday, days)
    except (ValueError, OverflowError):
        raise click.ClickException(say("report_days")) from None
    with process.engine.connect() as connection:
        found = figures.report(connection, config, period)
        worst = digest.make(connection, config, now, ("worst", "board")).text
    if as_json:
        parts = {value: asdict(one) for value, one in found.parts["department"]}
        answer = {"first": period.first, "last": period.last, "total": asdict(found.total), "departments": parts}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=str))
        return
    click.echo(worst)
    rows = [(say("report_total"), found.total), (say("report_before"), found.before)]
    rows += [(digest.name_of(config, value), one) for value, one in found.parts["department"]]
    click.echo(say("report_period", first=f"{period.first:%d.%m.%Y}", last=f"{period.last:%d.%m.%Y}"))
    click.echo(table(columns("report_columns"), [_row(name, one) for name, one in rows]))


def _row(name: str, one: Figures) -> dict[str, str]:
    values: dict[str, object] = {"name": name, "asked": one.asked, "sent": "/".join(map(str, one.sent))}
    values |= {"answered": "/".join(map(str, one.answered)), "ignored": one.ignored, "within": percent(one.within)}
    values |= {"median": took(one.median), "p90": took(one.p90)}
    return {key: str(value) for key, value in values.items()}
