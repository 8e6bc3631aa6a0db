"""The reminder report of any period: figures, charts, files; behind each number the list that it counts (U-30)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from desk import digest, figures
from desk.calendar import WorkCalendar
from desk.figures import Period, Report, TooMuchError
from store import facts, requests
from store.facts import Kind
from store.requests import Request
from store.tables.reports import STEPS
from web.asked import asked_after
from web.errors import message_page
from web.language import language
from web.lead import charts
from web.lead.board import departments, narrow
from web.lead.files import csv_answer, figures_headings, report_rows, xlsx_answer
from web.parts import Parts
from web.shown import is_web, view_of
from web.words import word, words

_DAYS = (7, 28, 91, 366)
_USUAL = 28
_PAGE = 50
_LONGEST = 500_000  # rows of a file
_SHOWN = 30  # rows of a table on the page; files have them all
_WEEK = 7
_DAY = timedelta(days=1)


def blueprint(parts: Parts) -> Blueprint:
    """`/report`, its files, the lists behind it, and the preview of a digest."""
    routes = Blueprint("report", __name__)

    @routes.errorhandler(TooMuchError)
    def too_much(_error: TooMuchError) -> ResponseReturnValue:
        return message_page(422, "too_much")

    @routes.get("/report")
    def page() -> ResponseReturnValue:
        """The figures and charts."""
        config = parts.process.switchboard.current()
        period = _period(parts, config)
        try:
            found = _report(parts, config, period)
        except TooMuchError:
            return render_template("report.html", found=None, **_frame(parts, config, period)), 422
        counted = view_of(parts).due(found.counted_at) if found.counted_at else None
        shown = {"counted": counted, "empty": found.nothing, **_charts(found)}
        return render_template("report.html", found=found, **shown, **_frame(parts, config, period))

    @routes.get("/report.csv")
    def table() -> Response:
        """All figures as one table."""
        config = parts.process.switchboard.current()
        found = _report(parts, config, _period(parts, config))
        headings = [word("sections", "section"), word("sections", "name"), *figures_headings()]
        return csv_answer("report.csv", headings, report_rows(found, _named(parts, config)))

    @routes.get("/report.xlsx")
    def book() -> Response:
        """All figures as a workbook."""
        config = parts.process.switchboard.current()
        return xlsx_answer("report.xlsx", _report(parts, config, _period(parts, config)), _named(parts, config))

    @routes.get("/report/list")
    def behind() -> str:
        """The requests behind a number, the newest first."""
        config, view = parts.process.switchboard.current(), view_of(parts)
        found, more = _behind(parts, config, asked_after(), _PAGE)
        rows = [(one, digest.name_of(config, one.department), view.value(one.topic)) for one in found]
        return render_template(
            "report_list.html",
            rows=rows,
            view=view,
            is_web=is_web,
            issue_url=view.issue_url,
            what=word("figures", _figure()),
            more=more,
            **_frame(parts, config, _period(parts, config)),
        )

    @routes.get("/report/list.csv")
    def behind_file() -> Response:
        """The same as a file, all of it."""
        config = parts.process.switchboard.current()
        _kind()
        headings = [word("list_columns", name) for name in words()["list_columns"]]
        return csv_answer("requests.csv", headings, _rows_behind(parts, config))

    @routes.get("/digest")
    def preview() -> str:
        """What the next digest would say, as text and as mail."""
        config, now = parts.process.switchboard.current(), parts.process.clock.now()
        made = []
        with parts.process.engine.connect() as connection:
            for name, asked in config.reports.digests.items():
                one = digest.make(connection, config, now, asked.parts)
                at = f"{asked.at.seconds // 3600:02}:{asked.at.seconds // 60 % 60:02}"
                made.append((name, at, asked.to is not None, one))
        return render_template("digest.html", made=made)

    return routes


def _report(parts: Parts, config: Config, period: Period) -> Report:
    wanted = narrow(parts)
    with parts.process.engine.connect() as connection:
        return figures.report(connection, config, period, wanted)


def _period(parts: Parts, config: Config) -> Period:
    """The days that the address asks for; four weeks up to yesterday when it asks for none, or for nonsense."""
    today = WorkCalendar(config.calendar.named()).local(parts.process.clock.now()).date()
    usual = Period.up_to(today - _DAY, _USUAL)
    try:
        first, last = (date.fromisoformat(request.args.get(name, "")) for name in ("first", "last"))
        return Period(first, last)
    except ValueError:
        return usual


def _frame(parts: Parts, config: Config, period: Period) -> dict[str, Any]:
    chosen = narrow(parts)
    asked = {"first": period.first.isoformat(), "last": period.last.isoformat(), **chosen.values}
    today = WorkCalendar(config.calendar.named()).local(parts.process.clock.now()).date()

    place = url_for("report.behind")  # once: a page has hundreds of numbers, each with its list

    def behind(kind: str, step: int | None = None, dimension: str | None = None, value: str | None = None) -> str:
        more = {"kind": kind, **({} if step is None else {"step": step}), **({dimension: value} if dimension else {})}
        return f"{place}?{urlencode({**asked, **more})}"

    return {
        "period": period,
        "narrow": chosen,
        "asked": asked,
        "behind": behind,
        "departments": departments(config),
        "spans": [(n, Period.up_to(today - _DAY, n)) for n in _DAYS],
        "named": _named(parts, config),
        "took": took,
        "percent": percent,
        "shown": _SHOWN,
        "week": 6 * _DAY,
    }


def _charts(found: Report) -> dict[str, Any]:
    days = [(day.strftime("%d.%m"), one.asked, one.answers) for day, one in found.days]
    answered = [(word("figures", f"answered_{step}"), found.total.answered[step]) for step in range(STEPS + 1)]
    weekdays = [word("weekdays", number) for number in range(_WEEK)]
    return {
        "weekly": found.period.step > 1,
        "trend": charts.columns(
            word("charts", "trend"), [row[0] for row in days], [row[1] for row in days], [row[2] for row in days]
        ),
        "answered": answered,
        "stack": charts.stack(
            word("charts", "answered"), [*answered, (word("figures", "ignored"), found.total.ignored)]
        ),
        "heat": charts.heat(word("charts", "hours"), found.hours, weekdays),
        "weekdays": weekdays,
    }


def _named(parts: Parts, config: Config) -> Any:
    """How a value of a dimension is called."""

    def named(dimension: str, value: str) -> str:
        if dimension == "department":
            return digest.name_of(config, value)
        if dimension == "agent":
            source, _, owner = value.partition(":")
            return f"{owner or word('nobody', 'agent')} ({word('sources', source)})"
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


def _rows_behind(parts: Parts, config: Config) -> Iterator[Sequence[Any]]:
    view = view_of(parts)
    named = cache(lambda department: digest.name_of(config, department))
    after = None
    for _ in range(_LONGEST // 500):
        found, more = _behind(parts, config, after, 500)
        for one in found:
            hours = round((one.answered_at - one.since) / timedelta(hours=1), 2) if one.answered_at else None
            answered = view.moment(one.answered_at).exact if one.answered_at else ""
            about = (named(one.department), view.value(one.topic), one.owner_id or "")
            yield (one.ticket_id, *about, view.moment(one.since).exact, one.step, answered, hours)
        if more is None:
            return
        at, _, number = more.partition("~")
        after = (datetime.fromisoformat(at), int(number))


def took(gap: timedelta | None) -> str:
    """How long, for people."""
    if gap is None:
        return "—"
    minutes = round(gap.total_seconds() / 60)
    days, hours = divmod(minutes // 60, 24)
    units = words()["relative"]["units"]
    said = {name: word("took", name) for name in units}
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} {said['m']}"
    return f"{days} {said['d']} {hours} {said['h']}" if days else f"{hours} {said['h']} {minutes % 60:02} {said['m']}"


def percent(share: float | None) -> str:
    """A share for people."""
    gap = "\u00a0" if language() == "ru" else ""
    return "—" if share is None else f"{share * 100:.0f}{gap}%"
