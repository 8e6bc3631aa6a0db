"""The board: a team lead's morning screen, what waits too long, the worst first."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from desk.clock import machine_now
from desk.digest import name_of
from desk.waiting import scale
from store import audit, board, board_choices, lost_tickets, problems, ticket_titles
from store.audit import Change
from store.board import Waiting, Wanted
from web.access.guard import person
from web.agent.many_actions import notice_of_many
from web.agent.person_actions import HOURS, notice_of_action
from web.lead import board_lines
from web.lead.files import Cell, csv_answer
from web.lead.filters import departments, narrow, people, topics
from web.lead.spans import took
from web.parts import Parts, sources
from web.query_parameters import storable
from web.shown import View, is_web, view_of
from web.times import ShownMoment
from web.words import word, words

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MOST = 100_000  # rows of a file


@dataclass(frozen=True)
class BoardLine:
    """A row of the board as shown; `what` and `id` identify the request or hold."""

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
    age: str
    level: int  # of the age: 2 from two days on, 3 from three, else 1
    calendar: int
    working: int
    since: ShownMoment
    next: ShownMoment | None
    touched: ShownMoment | None
    snoozed: ShownMoment | None


def blueprint(parts: Parts) -> Blueprint:
    """Make `/board` and its file."""
    routes = Blueprint("board", __name__)

    @routes.get("/board")
    def page() -> str:
        """Show a page of what waits."""
        kept = {name: value for name, value in request.args.items() if value and name in _FILTERS}
        return render_template(
            "board.html",
            lost_most=lost_tickets.PAGE,
            uncovered=_uncovered(parts),
            kept=kept,
            narrowed=_narrowed(kept),
            departments=departments(parts.process.effective_config.current()),
            orders=[(order, word("orders", order)) for order in board.ORDERS],
            hours={hours: word("hours", hours) for hours in HOURS},
            once=secrets.token_urlsafe(9),
            **_found(parts, first=not request.args.get("after"), narrowed=_narrowed(kept)),
        )

    _file_and_lost(routes, parts)
    return routes


def _narrowed(kept: Mapping[str, str]) -> bool:
    return bool(kept.keys() - {"order"})


def _found(parts: Parts, *, first: bool, narrowed: bool) -> dict[str, object]:
    """Return a page of the board, as of one moment."""
    config, view = parts.process.effective_config.current(), view_of(parts)
    wanted, now = asked(parts), _as_of(parts)
    with parts.process.engine.connect() as connection:
        found = board.page(connection, wanted, scale(config, now), board.read(request.args.get("after", "")))
        counts = board.counts(connection, replace(wanted, kind=None), now)
        rows = lines(connection, found.rows, view, config, now)
        lost = lost_tickets.page(connection) if first and not wanted.kind else []
        told = notice_of_action(request.args.get("told", "")) | notice_of_many(connection)
        above = board_lines.above(connection, config, now) if first and rows and not narrowed else None
        offered = _offered(connection, parts, wanted)
        tickets = [f"{one.source}:{one.ticket}" for one in rows] + [f"{one.source}:{one.ticket_id}" for one in lost]
        titles = ticket_titles.of_cases(connection, tickets)
    return {
        "titles": view.titles(titles),
        "rows": rows,
        "lost": [(one, view.due(one.since), view.value(one.topic)) for one in lost],
        "above": above,
        "wanted": wanted,
        "more": board.written(found.more) if found.more else None,
        "as_of": now.isoformat(),
        "first": first,
        **_counted(counts),
        **offered,
        **told,
    }


def _file_and_lost(routes: Blueprint, parts: Parts) -> None:
    """Add the board as a file, and the button of a lost ticket."""

    @routes.get("/board.csv")
    def file() -> Response:
        """Send the whole board as a file."""
        config, now = parts.process.effective_config.current(), _as_of(parts)
        headings = [word("columns", name) for name in words()["columns"]]
        return csv_answer("board.csv", headings, _rows(parts, asked(parts), (view_of(parts), config, now)))

    @routes.post("/board/lost/<source>/<ticket>")
    def settle(source: str, ticket: str) -> ResponseReturnValue:
        """Handle «Разобрано»: the lead has dealt with a ticket that was closed without a next step (R-46)."""
        with parts.process.engine.begin() as connection:
            if lost_tickets.settle(connection, storable(source), storable(ticket)):
                change = Change("lost_settled", f"{source}:{ticket}")
                audit.write(connection, person().actor, change, machine_now())
        return redirect(url_for("board.page", told="lost_settled"), 303)


def _uncovered(parts: Parts) -> int:
    """Return how many open cases no branch of the manual covers (C-16)."""
    with parts.process.engine.connect() as connection:
        return problems.counts(connection).get(problems.UNCOVERED, 0)


def _counted(counts: Mapping[str, int]) -> dict[str, object]:
    """Return how many wait, by kind."""
    kinds = [(kind, word("kinds", kind), number) for kind, number in counts.items() if number]
    return {"counts": kinds, "total": sum(counts.values()), "most": board.MOST}


_FILTERS = ("department", "agent", "topic", "kind", "snoozed", "older", "order")


def asked(parts: Parts) -> Wanted:
    """Return the filters in the query."""
    kind, order = request.args.get("kind", ""), request.args.get("order", "")
    return Wanted(
        narrow(parts),
        kind if kind in board.KINDS else None,
        snoozed=bool(request.args.get("snoozed")),
        older=board_lines.LONG if request.args.get("older") == str(board_lines.LONG) else 0,
        order=order if order in board.ORDERS else board.ORDERS[0],
    )


def _offered(connection: sa.Connection, parts: Parts, wanted: Wanted) -> dict[str, object]:
    """Return the choices for the filters and for handing over."""
    owners = board_choices.owners(connection, sources(parts))
    known = [f"{source}:{agent}" for source, agent in board_choices.known_agents(connection)]
    named = parts.process.reloader.current().people.name
    return {
        "people": people(owners, wanted.narrow.agent, named),
        "topics": topics(board_choices.topics(connection), wanted.narrow.topic, parts),
        "takers": sorted({named(one) for one in (*known, *owners)}),
    }


def _as_of(parts: Parts) -> datetime:
    """Return the moment of the first page, which later pages keep so that the order stays the same."""
    now = parts.process.clock.now()
    try:
        asked_at = datetime.fromisoformat(request.args.get("as_of", "").replace(" ", "+"))
    except ValueError:
        return now
    return asked_at if asked_at.tzinfo and now - timedelta(days=1) < asked_at <= now else now


def lines(
    connection: sa.Connection, rows: Sequence[Waiting], view: View, config: Config, now: datetime
) -> list[BoardLine]:
    """Return rows as shown, each with its last touch and its issue."""
    touched = board.last_touches(connection, [f"{row.source}:{row.ticket_id}" for row in rows])
    keys = board.keys(connection, [(row.site, row.issue_id) for row in rows if row.site and row.issue_id])
    return [_line(row, touched, keys, (view, config, now)) for row in rows]


def _line(
    row: Waiting,
    touched: Mapping[str, datetime],
    keys: Mapping[tuple[str, str], str],
    by: tuple[View, Config, datetime],
) -> BoardLine:
    view, config, now = by
    touch = touched.get(f"{row.source}:{row.ticket_id}")
    key = keys.get((row.site or "", row.issue_id or ""))
    return BoardLine(
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
        owner=config.people.name(f"{row.source}:{row.owner_id}") if row.owner_id else "",
        agent=f"{row.source}:{row.owner_id or ''}",
        top=row.top,
        age=took(now - row.since),
        level=1 + sum(now - row.since >= days * _DAY for days in (2, 3)),
        calendar=int((now - row.since) / _HOUR),
        working=int(row.working / _HOUR),
        since=view.due(row.since),
        next=view.due(row.next_at) if row.next_at else None,
        touched=view.moment(touch) if touch else None,
        snoozed=view.due(row.snoozed_until) if row.snoozed_until else None,
    )


def _rows(parts: Parts, wanted: Wanted, by: tuple[View, Config, datetime]) -> Iterator[Sequence[Cell]]:
    """Yield the rows of a file; each batch is queried with a connection of its own, so a slow reader holds none."""
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
            next_at = row.next.stamp if row.next else ""
            touched = row.touched.stamp if row.touched else ""
            ages = (row.calendar, row.working, row.since.stamp, next_at)
            yield (row.kind_words, row.ticket, row.awaited, row.topic, row.owner, *ages, touched, row.issue or "")
