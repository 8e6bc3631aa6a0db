"""The board: what has waited too long, by damage; each stream uses an index of open rows and is paged by key.

Damage is the weight of the kind × (1 + working hours since) × the factor for a top seller. Within a kind and a factor,
longer waits have more damage, so each stream comes sorted from the database, and the streams are merged.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from store.database import over_rows
from store.facts import EVERYBODY, Narrow
from store.tables import deliveries as d
from store.tables import holds as h
from store.tables import links
from store.tables.requests import promises as p
from store.tables.requests import requests as r
from store.types import to_json

PAGE = 50
PIECE = 500  # rows of a stream read at once
MOST = 1000  # counting stops here
ASKED = ("promise", "uninformed", "request")
HELD = ("ozon", "seller", "client", "department")
KINDS = (*ASKED, *HELD)
ORDERS = ("urgent", "oldest", "newest")
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOUCHES = """
    SELECT r.case_id, (SELECT d.received_at FROM deliveries d WHERE d.case_id = r.case_id ORDER BY d.id DESC LIMIT 1)
    FROM {rows}
"""
Working = Callable[[datetime], timedelta]
RunQuery = Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]]


@dataclass(frozen=True)
class Scale:
    """How damage is computed as of `now`: the weight of each kind, the factor for a top seller, and a function that
    returns the working time from a moment to now.
    """

    now: datetime
    kinds: Mapping[str, float]
    top: float
    working: Working


@dataclass(frozen=True)
class Wanted:
    """The filter of the board; `None` = any.

    `snoozed`: include what a person put off; `older`: only what has waited at least so many hours; `order`: by damage
    or by waiting time.
    """

    narrow: Narrow = EVERYBODY
    kind: str | None = None
    snoozed: bool = False
    older: int = 0
    order: str = "urgent"

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that can have rows: holds have no department and no topic."""
        found = KINDS if self.narrow.department is None and self.narrow.topic is None else ASKED
        return tuple(kind for kind in found if self.kind in (None, kind))


@dataclass(frozen=True, slots=True)
class BoardCursor:
    """Where a stream continues: after this moment and number."""

    since: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the board; `next_at` is the next reminder."""

    kind: str
    id: int
    source: str
    ticket_id: str
    department: str | None
    topic: str | None
    owner_id: str | None
    since: datetime
    due_at: datetime | None
    next_at: datetime | None
    snoozed_until: datetime | None
    top: bool
    url: str | None
    site: str | None
    issue_id: str | None
    working: timedelta
    damage: float


@dataclass(frozen=True)
class BoardPage:
    """Rows in order; `more` says where each stream continues, `None` if there is nothing more."""

    rows: Sequence[Waiting]
    more: Mapping[str, BoardCursor] | None


def page(
    connection: sa.Connection,
    wanted: Wanted,
    scale: Scale,
    after: Mapping[str, BoardCursor] | None = None,
    limit: int = PAGE,
) -> BoardPage:
    """Return a page of the board, as of the scale's `now`."""
    found = list(
        islice(rows(lambda query: connection.execute(query).all(), wanted, scale, after, limit + 1), limit + 1)
    )
    more = dict(after or {})
    for row in found[:limit]:
        more[f"{row.kind}{'!' if row.top else ''}"] = BoardCursor(row.since, row.id)
    return BoardPage(found[:limit], more if len(found) > limit else None)


def rows(
    ask: RunQuery,
    wanted: Wanted,
    scale: Scale,
    after: Mapping[str, BoardCursor] | None = None,
    piece: int = PIECE,
) -> Iterator[Waiting]:
    """Yield all rows in order; each stream is read only as far as needed, in pieces, with `ask`."""
    streams = []
    for kind in wanted.kinds():
        for top in (True, False):
            place = (after or {}).get(f"{kind}{'!' if top else ''}")
            query = _stream(kind, wanted, scale.now, top=top).limit(piece)
            read = _read(ask, query, (place, wanted.order == "newest"), piece)
            streams.append(_weighed(kind, read, scale, top=top))
    return heapq.merge(*streams, key=_KEYS[wanted.order])


def _read(
    ask: RunQuery, query: sa.Select[Any], start: tuple[BoardCursor | None, bool], piece: int
) -> Iterator[sa.Row[Any]]:
    """Yield a stream in pieces; `start`: the place after which to begin, and whether to go backwards."""
    place, backwards = start
    while True:
        found = ask(query.where(_after(query, place, backwards=backwards)) if place else query)
        yield from found
        if len(found) < piece:
            return
        place = BoardCursor(found[-1].since, found[-1].id)


def _after(query: sa.Select[Any], place: BoardCursor, *, backwards: bool) -> sa.ColumnElement[bool]:
    since, number = query.selected_columns["since"], query.selected_columns["id"]
    if backwards:
        return sa.or_(since < place.since, sa.and_(since == place.since, number < place.id))
    return sa.or_(since > place.since, sa.and_(since == place.since, number > place.id))


_KEYS: Mapping[str, Callable[[Waiting], tuple[Any, ...]]] = {
    "urgent": lambda row: (-row.damage, row.since, row.kind, row.id),
    "oldest": lambda row: (row.since, row.kind, row.id),
    "newest": lambda row: (_EPOCH - row.since, row.kind, -row.id),
}


def _weighed(kind: str, found: Iterable[sa.Row[Any]], scale: Scale, *, top: bool) -> Iterator[Waiting]:
    weight = scale.kinds[kind] * (scale.top if top else 1)
    for row in found:
        working = scale.working(row.since)
        yield Waiting(kind=kind, top=top, working=working, damage=weight * (1 + working / _HOUR), **row._asdict())


def _stream(kind: str, wanted: Wanted, now: datetime, *, top: bool) -> sa.Select[Any]:
    query = _asked(kind, wanted, now) if kind in ASKED else _held(kind, wanted, now)
    table = r if kind in ASKED else h
    if wanted.older:
        query = query.where(table.c.since <= now - wanted.older * _HOUR)
    query = query.where(table.c.top.is_(True) if top else table.c.top.is_not(True))
    if wanted.order == "newest":
        return query.order_by(table.c.since.desc(), table.c.id.desc())
    return query.order_by(table.c.since, table.c.id)


def _told(case: sa.ColumnElement[str], *types: str) -> sa.ColumnElement[bool]:
    """Whether a person's action of these types is on its way to the row, which is then about to leave the list."""
    # all three states, as in the partial index by case
    unfinished = sa.text("deliveries.state IN ('waiting', 'running', 'dead')")
    return sa.exists().where(d.c.case_id == case, unfinished, d.c.state != "dead", d.c.type.in_(types))


def _asked(kind: str, wanted: Wanted, now: datetime) -> sa.Select[Any]:
    """Select open requests, each under its worst kind: a broken promise, an uninformed client, or neither."""
    # IN, so that the database can start from the few broken promises
    broken = r.c.id.in_(sa.select(p.c.request).where(sa.text("promises.state = 'broken'")))
    where: list[sa.ColumnElement[bool] | sa.TextClause] = [sa.text("requests.state = 'open'"), *wanted.narrow.where()]
    if kind == "promise":
        where.append(broken)
    else:
        where += [r.c.due_at <= now, ~broken]
        where.append(r.c.client_informed_at.is_(None) if kind == "uninformed" else r.c.client_informed_at.is_not(None))
    number = sa.cast(r.c.id, sa.String)
    where.append(~_told(sa.literal("bot:request.answered:") + number, "request.answered"))
    if not wanted.snoozed:
        where.append(sa.or_(r.c.snoozed_until.is_(None), r.c.snoozed_until <= now))
        where.append(~_told(sa.literal("bot:request.snoozed:") + number, "request.snoozed"))
    names = ("id", "source", "ticket_id", "department", "topic", "owner_id", "since", "due_at", "next_at")
    return sa.select(*(r.c[name] for name in (*names, "snoozed_until", "url", "site", "issue_id"))).where(*where)


def _held(kind: str, wanted: Wanted, now: datetime) -> sa.Select[Any]:
    """Select open holds that are overdue; a postponed one is due later."""
    words = ("hold.answered",) if wanted.snoozed else ("hold.answered", "hold.snoozed")
    where = [h.c.ended_at.is_(None), h.c.kind == kind, ~_told(h.c.source + ":" + h.c.ticket_id, *words)]
    if not wanted.snoozed:
        where.append(h.c.due_at <= now)
    if wanted.narrow.agent is not None:
        source, _, owner = wanted.narrow.agent.partition(":")
        where += [h.c.source == source, h.c.owner_id == owner if owner else h.c.owner_id.is_(None)]
    nothing = [sa.null().label(name) for name in ("department", "topic", "next_at", "snoozed_until", "url")]
    names = ("id", "source", "ticket_id", "owner_id", "since", "due_at", "site", "issue_id")
    return sa.select(*(h.c[name] for name in names), *nothing).where(*where)


def counts(connection: sa.Connection, wanted: Wanted, now: datetime, most: int = MOST) -> dict[str, int]:
    """Return the number of rows of each kind; counting stops at `most`."""
    found = {}
    for kind in wanted.kinds():
        table = r if kind in ASKED else h
        rows = (_asked if kind in ASKED else _held)(kind, wanted, now).with_only_columns(table.c.id).limit(most)
        if wanted.older:
            rows = rows.where(table.c.since <= now - wanted.older * _HOUR)
        found[kind] = int(connection.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())
    return found


def last_touches(connection: sa.Connection, cases: Sequence[str]) -> dict[str, datetime]:
    """Return when the last delivery of each case came in."""
    if not cases:
        return {}
    statement = over_rows(connection.dialect.name, _TOUCHES, ("case_id",))
    typed = statement.columns(sa.column("case_id", sa.String), sa.column("touched", d.c.received_at.type))
    rows = to_json([{"case_id": case} for case in dict.fromkeys(cases)])
    return {case: moment for case, moment in connection.execute(typed, {"rows": rows}) if moment is not None}


def keys(connection: sa.Connection, issues: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the keys of these issues (site, id)."""
    if not issues:
        return {}
    place = sa.tuple_(links.c.site, links.c.issue_id)
    found = connection.execute(sa.select(links.c.site, links.c.issue_id, links.c.issue_key).where(place.in_(issues)))
    return {(row.site, row.issue_id): row.issue_key for row in found}


def written(more: Mapping[str, BoardCursor]) -> str:
    """Format cursors as part of a URL."""
    parts = (f"{name}.{(place.since - _EPOCH) // timedelta(microseconds=1)}.{place.id}" for name, place in more.items())
    return "~".join(parts)


def read(text: str) -> dict[str, BoardCursor]:
    """Parse what `written` formats; malformed parts are left out."""
    found = {}
    for part in text.split("~"):
        name, _, rest = part.partition(".")
        since, _, number = rest.partition(".")
        fits = since.isdecimal() and number.isdecimal() and len(since) < 17 and len(number) < 19  # noqa: PLR2004
        if fits and name.rstrip("!") in KINDS:
            found[name] = BoardCursor(_EPOCH + timedelta(microseconds=int(since)), int(number))
    return found
