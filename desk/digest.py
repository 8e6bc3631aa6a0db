"""The morning digest: what has waited too long, and how departments answered; the same figures as the pages (U-30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config import Config
from config.reports import DigestConfig, Part
from desk import figures
from desk.calendar import NOTHING, WorkCalendar
from desk.figures import Period
from desk.waiting import scale
from store import board, rule_hits
from store.board import Waiting, Wanted

WORST = 3
DEPARTMENTS = 5
WEEK = 7
FOLDER = Path(__file__).parent / "digest_templates"
LATE = timedelta(hours=3)  # a morning digest is no longer news in the evening
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Digest:
    """A digest of at most one screen: its subject, its text, and its HTML for mail."""

    title: str
    text: str
    html: str


def make(connection: sa.Connection, config: Config, now: datetime, parts: Sequence[Part]) -> Digest:
    """Make the digest as of now."""
    today = WorkCalendar(config.calendar.named()).local(now).date()
    values: dict[str, Any] = {"day": today, "address": config.reports.address, "worst": None, "counts": None}
    values |= {"yesterday": None, "week": None, "departments": (), "findings": None}
    if "worst" in parts:
        page = board.page(connection, Wanted(), scale(config, now), limit=WORST)
        values["worst"] = [said(row, config, now) for row in page.rows]
    if "board" in parts:
        values["counts"] = {kind: n for kind, n in board.counts(connection, Wanted(), now).items() if n}
        values["most"] = board.MOST
    if "report" in parts:
        week = figures.report(connection, config, Period.up_to(today - DAY, WEEK))
        values["yesterday"] = dict(week.days)[today - DAY]
        values["week"], values["before"] = week.total, week.before
        slow = [(name_of(config, value), one) for value, one in week.parts["department"] if one.reminders]
        values["departments"] = sorted(slow, key=lambda pair: -pair[1].reminders)[:DEPARTMENTS]
    if "findings" in parts:
        start, end = figures.span(config, Period(today - DAY, today - DAY)).start, now
        values["findings"] = rule_hits.by_rule(connection, start, end)[:DEPARTMENTS]
    text = _environment(html=False).get_template("digest.txt.j2").render(values)
    html = _environment(html=True).get_template("digest.html.j2").render(values)
    title, _, text = text.partition("\n")
    return Digest(title, text.strip(), html)


def said(row: Waiting, config: Config, now: datetime) -> dict[str, Any]:
    """Return a row of the board as values for the template: who is awaited, for how long."""
    return {
        "kind": row.kind,
        "ticket": row.ticket_id,
        "source": row.source,
        "department": name_of(config, row.department) if row.department else "",
        "hours": int((now - row.since) / HOUR),
        "working": int(row.working / HOUR),
        "owner": config.people.name(f"{row.source}:{row.owner_id}") if row.owner_id else "",
        "top": row.top,
    }


def name_of(config: Config, department: str) -> str:
    """Return a department's name in the manual; its id if the configuration no longer has it."""
    known = config.departments.find(department)
    return known.name if known else department


def is_due(config: Config, asked: DigestConfig, now: datetime) -> bool:
    """Whether the time of today's digest has just come; never on days off."""
    calendar = WorkCalendar(config.calendar.named())
    local = calendar.local(now)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return calendar.is_working_day(local.date()) and NOTHING <= local - (midnight + asked.at) < LATE


def _took(took: timedelta | None) -> str:
    """Return a duration in the largest useful units."""
    if took is None:
        return "—"
    minutes = round(took.total_seconds() / 60)
    days, hours = divmod(minutes // 60, 24)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} мин"
    return f"{days} д {hours} ч" if days else f"{hours} ч {minutes % 60:02} мин"


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.0f} %"


@cache
def _environment(*, html: bool) -> Environment:
    """Return a separate environment for each format, since shared macros are escaped in HTML but not in text."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=html,  # noqa: S701 # a text is no HTML
    )
    made.filters |= {"took": _took, "percent": _percent}
    return made
