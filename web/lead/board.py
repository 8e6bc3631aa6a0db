"""The board: the morning screen of a team lead, what waits too long now, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request

from config import Config
from desk.digest import name_of
from desk.waiting import scale
from store import agents, board
from store.board import Waiting, Wanted
from store.facts import Narrow
from web.agent.said import HOURS, notice
from web.asked import storable
from web.lead.files import csv_answer
from web.parts import Parts
from web.shown import View, is_web, view_of
from web.times import Moment
from web.words import word, words

WORST = 3
_HOUR = timedelta(hours=1)
_MOST = 100_000  # rows of a file


@dataclass(frozen=True)
class Line:
    """A row of the board as it is shown; `what` and `id` name the request or hold."""

    what: str
    id: int
    kind: str
    kind_words: str
    source: str
    ticket: str
    url: str | None
    issue: str | None
    issue_url: str | None
    awaited: str
    topic: str
    owner: str
    agent: str
    top: bool
    calendar: int
    working: int
    since: Moment
    next: Moment | None
    touched: Moment | None
    snoozed: Moment | None


def blueprint(parts: Parts) -> Blueprint:
    """`/board` and its file."""
    routes = Blueprint("board", __name__)

    @routes.get("/board")
    def page() -> str:
        """What waits, in pages."""
        config, view = parts.process.switchboard.current(), view_of(parts)
        wanted, now = asked(parts), _as_of(parts)
        after = board.read(request.args.get("after", ""))
        with parts.process.engine.connect() as connection:
            found = board.page(connection, wanted, scale(config, now), after)
            counts = board.counts(connection, wanted_without_kind(wanted), now)
            rows = lines(connection, found.rows, view, config, now)
        kept = {name: value for name, value in request.args.items() if value and name in _FILTERS}
        return render_template(
            "board.html",
            rows=rows,
            worst=[] if after else rows[:WORST],
            counts=[(kind, word("kinds", kind), number) for kind, number in counts.items() if number],
            total=sum(counts.values()),
            most=board.MOST,
            wanted=wanted,
            kept=kept,
            narrowed=bool(kept),
            departments=departments(config),
            more=board.written(found.more) if found.more else None,
            as_of=now.isoformat(),
            first=not after,
            hours={hours: word("hours", hours) for hours in HOURS},
            **notice(request.args.get("told", "")),
        )

    @routes.get("/board.csv")
    def file() -> Response:
        """The whole of it as a file."""
        config, view, now, wanted = parts.process.switchboard.current(), view_of(parts), _as_of(parts), asked(parts)
        headings = [word("columns", name) for name in words()["columns"]]
        return csv_answer("board.csv", headings, _rows(parts, wanted, (view, config, now)))

    return routes


_FILTERS = ("department", "agent", "topic", "kind", "snoozed")


def asked(parts: Parts) -> Wanted:
    """What the address narrows the board to."""
    kind = request.args.get("kind", "")
    return Wanted(narrow(parts), kind if kind in board.KINDS else None, snoozed=bool(request.args.get("snoozed")))


def narrow(parts: Parts) -> Narrow:
    """Department, agent and topic of the address; an agent may be named as the pages show it, without the CRM."""
    given = {name: storable(request.args.get(name, "")).strip() or None for name in ("department", "agent", "topic")}
    if (agent := given["agent"]) is not None and ":" not in agent:
        with parts.process.engine.connect() as connection:
            given["agent"] = agents.with_source(connection, agent)
    return Narrow(**given)


def wanted_without_kind(wanted: Wanted) -> Wanted:
    """For the counts beside the kinds."""
    return Wanted(wanted.narrow, None, snoozed=wanted.snoozed)


def departments(config: Config) -> list[tuple[str, str]]:
    """The departments of a filter: id and name."""
    rows = config.departments.departments.values()
    return sorted(((row.id, row.name) for row in rows if not row.is_group), key=lambda pair: pair[1])


def _as_of(parts: Parts) -> datetime:
    """The moment of the first page: later pages keep its order."""
    now = parts.process.clock.now()
    try:
        asked_at = datetime.fromisoformat(request.args.get("as_of", "").replace(" ", "+"))
    except ValueError:
        return now
    return asked_at if asked_at.tzinfo and now - timedelta(days=1) < asked_at <= now else now


def lines(connection: sa.Connection, rows: Sequence[Waiting], view: View, config: Config, now: datetime) -> list[Line]:
    """Rows as they are shown, each with its last touch and its issue."""
    touched = board.last_touches(connection, [f"{row.source}:{row.ticket_id}" for row in rows])
    keys = board.keys(connection, [(row.site, row.issue_id) for row in rows if row.site and row.issue_id])
    return [_line(row, touched, keys, (view, config, now)) for row in rows]


def _line(
    row: Waiting,
    touched: Mapping[str, datetime],
    keys: Mapping[tuple[str, str], str],
    by: tuple[View, Config, datetime],
) -> Line:
    view, config, now = by
    touch = touched.get(f"{row.source}:{row.ticket_id}")
    key = keys.get((row.site or "", row.issue_id or ""))
    return Line(
        what="request" if row.kind in board.ASKED else "hold",
        id=row.id,
        kind=row.kind,
        kind_words=word("kinds", row.kind),
        source=row.source,
        ticket=row.ticket_id,
        url=row.url if is_web(row.url) else None,
        issue=key,
        issue_url=view.issue_url(key) if key else None,
        awaited=name_of(config, row.department) if row.department else word("awaited", row.kind),
        topic=view.value(row.topic),
        owner=row.owner_id or "",
        agent=f"{row.source}:{row.owner_id or ''}",
        top=row.top,
        calendar=int((now - row.since) / _HOUR),
        working=int(row.working / _HOUR),
        since=view.due(row.since),
        next=view.due(row.next_at) if row.next_at else None,
        touched=view.moment(touch) if touch else None,
        snoozed=view.due(row.snoozed_until) if row.snoozed_until else None,
    )


def _rows(parts: Parts, wanted: Wanted, by: tuple[View, Config, datetime]) -> Iterator[Sequence[Any]]:
    """The rows of a file. Whoever reads slowly holds no connection: each piece is asked for by one of its own."""
    view, config, now = by
    engine = parts.process.engine

    def ask(query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    worst = islice(board.rows(ask, wanted, scale(config, now)), _MOST)
    for piece in iter(lambda: list(islice(worst, board.PIECE)), []):
        with engine.connect() as connection:
            shown = lines(connection, piece, view, config, now)
        for row in shown:
            next_at = row.next.exact if row.next else ""
            touched = row.touched.exact if row.touched else ""
            ages = (row.calendar, row.working, row.since.exact, next_at)
            yield (row.kind_words, row.ticket, row.awaited, row.topic, row.owner, *ages, touched, row.issue or "")
