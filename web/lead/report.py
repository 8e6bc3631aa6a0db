"""The reminder report for any period: figures, charts, files, and the list of requests behind each number (U-30)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from desk import digest, figures
from desk.calendar import WorkCalendar
from desk.clock import machine_now
from desk.figures import Period, Report, TooMuchError
from store import facts, repeats, requests, rollups
from store.distinct import OFFERED
from store.facts import Kind, Narrow
from store.requests import Request
from store.tables.reports import STEPS
from web.errors import message_page
from web.lead import charts, report_tables
from web.lead.files import Cell, Named, csv_answer, figures_headings, report_rows, xlsx_answer
from web.lead.filters import departments, narrow, people, topics
from web.lead.periods import PeriodError, asked_period
from web.lead.spans import took
from web.parts import Parts
from web.query_parameters import position_of_query
from web.shown import is_web, view_of
from web.words import word, words

_DAYS = (7, 28, 91, 366)
_PAGE = 50
_LONGEST = 500_000  # rows of a file
_SHOWN = 20  # rows of a table on the page; files have all
_DAY = timedelta(days=1)


def blueprint(parts: Parts) -> Blueprint:
    """Make `/report`, its files, the lists behind it, and the preview of a digest."""
    routes = Blueprint("report", __name__)

    @routes.get("/report")
    def page() -> ResponseReturnValue:
        """Show the figures and charts."""
        config = parts.process.effective_config.current()
        frame = _frame(parts, config)
        if asked_period(_today(parts, config)).fault:
            return render_template("report.html", found=None, **frame), 422
        try:
            found = _report(parts, config)
        except TooMuchError:
            return render_template("report.html", found=None, **frame), 422
        counted = view_of(parts).due(found.counted_at) if found.counted_at else None
        shown = {"counted": counted, "empty": found.nothing, **_repeated(parts, config), **_charts(found)}
        return render_template("report.html", found=found, **shown, **frame)

    @routes.get("/report.csv")
    def table() -> Response:
        """Send all figures as one table."""
        config = parts.process.effective_config.current()
        found = _report(parts, config)
        headings = [word("sections", "section"), word("sections", "name"), *figures_headings()]
        return csv_answer("report.csv", headings, report_rows(found, _named(parts, config)))

    @routes.get("/report.xlsx")
    def book() -> Response:
        """Send all figures as a workbook."""
        config = parts.process.effective_config.current()
        return xlsx_answer("report.xlsx", _report(parts, config), _named(parts, config))

    _behind_figures(routes, parts)
    _refusals(routes)
    return routes


def _refusals(routes: Blueprint) -> None:
    """Add the answers to requests for reports that cannot be made."""

    @routes.errorhandler(TooMuchError)
    def too_much(_error: TooMuchError) -> ResponseReturnValue:
        return message_page(422, "too_much")

    @routes.errorhandler(PeriodError)
    def no_period(error: PeriodError) -> ResponseReturnValue:
        return message_page(422, str(error))


def _behind_figures(routes: Blueprint, parts: Parts) -> None:
    """Add the lists behind the figures, and the preview of a digest."""

    @routes.get("/report/list")
    def behind() -> str:
        """Show the requests behind a number, the newest first."""
        config, view = parts.process.effective_config.current(), view_of(parts)
        found, more = _behind(parts, config, position_of_query(), _PAGE)
        rows = [(one, digest.name_of(config, one.department), view.value(one.topic)) for one in found]
        return render_template(
            "report_list.html",
            rows=rows,
            view=view,
            is_web=is_web,
            issue_url=view.issue_url,
            what=word("figures", _figure()),
            more=more,
            **_frame(parts, config),
        )

    @routes.get("/report/list.csv")
    def behind_file() -> Response:
        """Send the whole list as a file."""
        config = parts.process.effective_config.current()
        _kind(), _period(parts, config)  # faults are reported before the file begins
        headings = [word("list_columns", name) for name in words()["list_columns"]]
        return csv_answer("requests.csv", headings, _rows_behind(parts, config))

    @routes.get("/digest")
    def preview() -> str:
        """Show what the next digest would say, as text and as mail."""
        config, now = parts.process.effective_config.current(), parts.process.clock.now()
        made = []
        with parts.process.engine.connect() as connection:
            for name, asked in config.reports.digests.items():
                one = digest.make(connection, config, now, asked.parts)
                at = f"{asked.at.seconds // 3600:02}:{asked.at.seconds // 60 % 60:02}"
                made.append((name, at, asked.to is not None, one))
        return render_template("digest.html", made=made)


def _repeated(parts: Parts, config: Config) -> dict[str, object]:
    """Return the repeated contacts (R-27) of the latest days, whatever the period, as older tickets are not kept."""
    kept = config.duplicates.repeats
    with parts.process.engine.connect() as connection:
        return {"repeated": repeats.counts(connection, machine_now() - kept), "repeated_days": kept.days}


def _report(parts: Parts, config: Config) -> Report:
    wanted, period = narrow(parts), _period(parts, config)
    with parts.process.engine.connect() as connection:
        return figures.report(connection, config, period, wanted)


def _today(parts: Parts, config: Config) -> date:
    return WorkCalendar(config.calendar.named()).local(parts.process.clock.now()).date()


def _period(parts: Parts, config: Config) -> Period:
    """Return the period in the query; raises PeriodError."""
    return asked_period(_today(parts, config)).right()


def _frame(parts: Parts, config: Config) -> dict[str, object]:
    chosen, today = narrow(parts), _today(parts, config)
    typed = asked_period(today)
    period = typed.period
    asked = {"first": period.first.isoformat(), "last": period.last.isoformat(), **chosen.values}

    place = url_for("report.behind")  # built once: a page has hundreds of numbers, each with its list

    def behind(kind: str, step: int | None = None, dimension: str | None = None, value: str | None = None) -> str:
        more = {"kind": kind, **({} if step is None else {"step": step}), **({dimension: value} if dimension else {})}
        return f"{place}?{urlencode({**asked, **more})}"

    return {
        "period": period,
        "typed": typed,
        "fault": word("errors", typed.fault) if typed.fault else None,
        "today": today.isoformat(),
        "narrow": chosen,
        "asked": asked,
        "behind": behind,
        **_offered(parts, period, chosen),
        "departments": departments(config),
        "spans": [(n, Period.up_to(today - _DAY, n)) for n in _DAYS],
        "named": _named(parts, config),
        "took": took,
        "shown": _SHOWN,
        "week": 6 * _DAY,
    }


def _offered(parts: Parts, period: Period, chosen: Narrow) -> dict[str, object]:
    """Return the people and topics of the period, as choices for the filters."""
    with parts.process.engine.connect() as connection:
        agents, about = (
            rollups.values(connection, period.first, period.last, name, OFFERED) for name in ("agent", "topic")
        )
    named = parts.process.reloader.current().people.name
    return {"people": people(agents, chosen.agent, named), "topics": topics(about, chosen.topic, parts)}


def _charts(found: Report) -> dict[str, object]:
    answered = [(word("figures", f"answered_{step}"), found.total.answered[step]) for step in range(STEPS + 1)]
    days = [one for _, one in found.days]
    series = [
        ("bar", word("series", "asked"), [one.asked for one in days]),
        ("bar-third", word("series", "reminders"), [one.reminders for one in days]),
        ("bar-other", word("series", "answers"), [one.answers for one in days]),
    ]
    return {
        "weekly": found.period.step > 1,
        "tiles": report_tables.tiles(found),
        "columns_of": report_tables.columns_of,
        "trend": charts.columns(word("charts", "trend"), [f"{day:%d.%m}" for day, _ in found.days], series),
        "series": series,
        "answered": answered,
        "stack": charts.stack(
            word("charts", "answered"), [*answered, (word("figures", "ignored"), found.total.ignored)]
        ),
        "heat": report_tables.heat(found.hours),
    }


def _named(parts: Parts, config: Config) -> Named:
    """Return a function that names a value of a dimension."""

    def named(dimension: str, value: str) -> str:
        if dimension == "department":
            return digest.name_of(config, value)
        if dimension == "agent":
            source, _, owner = value.partition(":")
            shown = config.people.name(value) if owner else word("nobody", "agent")
            return f"{shown} ({word('sources', source)})"
        return str(parts.redact(value)) if value else word("nobody", "topic")

    return named


def _kind() -> Kind:
    kind = request.args.get("kind", "")
    if kind not in get_args(Kind):
        abort(404)
    found: Kind = kind  # type: ignore[assignment]
    return found


def _figure() -> str:
    kind, step = request.args.get("kind", ""), request.args.get("step", type=int)
    return f"{kind}_{step}" if kind in ("sent", "answered") and step is not None else kind


def _behind(
    parts: Parts, config: Config, after: tuple[datetime, int] | None, limit: int
) -> tuple[list[Request], str | None]:
    kind, step = _kind(), request.args.get("step", type=int)
    span = figures.span(config, _period(parts, config))
    wanted = narrow(parts)
    with parts.process.engine.connect() as connection:
        page = facts.listed(connection, kind, span, wanted, step=step, after=after, limit=limit + 1)
        found = requests.among(connection, [number for number, _ in page[:limit]])
    more = f"{page[limit - 1][1].isoformat()}~{page[limit - 1][0]}" if len(page) > limit else None
    return [found[number] for number, _ in page[:limit]], more


def _rows_behind(parts: Parts, config: Config) -> Iterator[Sequence[Cell]]:
    view = view_of(parts)
    named = cache(lambda department: digest.name_of(config, department))
    after = None
    for _ in range(_LONGEST // 500):
        found, more = _behind(parts, config, after, 500)
        for one in found:
            hours = round((one.answered_at - one.since) / timedelta(hours=1), 2) if one.answered_at else None
            answered = view.moment(one.answered_at).stamp if one.answered_at else ""
            owner = config.people.name(f"{one.source}:{one.owner_id}") if one.owner_id else ""
            about = (named(one.department), view.value(one.topic), owner)
            yield (one.ticket_id, *about, view.moment(one.since).stamp, one.step, answered, hours)
        if more is None:
            return
        at, _, number = more.partition("~")
        after = (datetime.fromisoformat(at), int(number))
