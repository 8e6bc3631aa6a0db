"""Mass failures (R-24): opened, prolonged and ended by people, and the tickets found to belong to each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import timers
from store.dialect import insert_into
from store.tables.incidents import incident_tickets as t
from store.tables.incidents import incidents as i

PAGE = 100
OPEN = sa.text("incidents.ended_at IS NULL")  # as in the partial index
_OVER = sa.text("incidents.ended_at IS NOT NULL")


@dataclass(frozen=True)
class Row:
    """A failure; `ended_by` is `None` if its time ran out, or it is still open."""

    id: int
    name: str
    keywords: str
    topics: str
    issue_key: str
    opened_at: datetime
    opened_by: str
    until: datetime
    turn: int
    ended_at: datetime | None
    ended_by: str | None
    issue_summary: str | None


@dataclass(frozen=True)
class Joined:
    """A ticket of a failure; `delivery` found it, `resolution` is that of its last closing."""

    incident: int
    source: str
    ticket_id: str
    delivery: str
    at: datetime
    agent_id: str | None
    resolution: str | None


_ROW = [i.c[name] for name in Row.__annotations__]
_JOINED = [t.c[name] for name in Joined.__annotations__]


def timer_key(number: int, turn: int) -> str:
    """Return the key of the timer at a failure's end."""
    return f"incident:{number}:{turn}"


def open_one(connection: sa.Connection, values: Mapping[str, object], now: datetime) -> Row:
    """Open a failure; its timer fires at its end."""
    added = connection.execute(sa.insert(i).values(**values, opened_at=now).returning(*_ROW)).one()
    row = Row(*added)
    timers.add(connection, timer_key(row.id, row.turn), row.until, now)
    return row


def get(connection: sa.Connection, number: int) -> Row | None:
    """Return a failure by its number."""
    row = connection.execute(sa.select(*_ROW).where(i.c.id == number)).first()
    return Row(*row) if row else None


def open_now(connection: sa.Connection) -> list[Row]:
    """Return the open failures, oldest first."""
    return [Row(*row) for row in connection.execute(sa.select(*_ROW).where(OPEN).order_by(i.c.id))]


def newest(connection: sa.Connection, limit: int = PAGE) -> list[Row]:
    """Return the newest failures, open or not."""
    return [Row(*row) for row in connection.execute(sa.select(*_ROW).order_by(i.c.id.desc()).limit(limit))]


def prolong(connection: sa.Connection, number: int, until: datetime, now: datetime) -> Row | None:
    """Move the end of an open failure; `None` if it is over."""
    changed = sa.update(i).where(i.c.id == number, i.c.ended_at.is_(None)).values(until=until, turn=i.c.turn + 1)
    found = connection.execute(changed.returning(*_ROW)).first()
    if found is None:
        return None
    row = Row(*found)
    timers.cancel(connection, timer_key(number, row.turn - 1))
    timers.add(connection, timer_key(number, row.turn), until, now)
    return row


def end(connection: sa.Connection, number: int, by: str | None, now: datetime) -> Row | None:
    """End a failure; `None` if it was over or does not exist."""
    over = sa.update(i).where(i.c.id == number, i.c.ended_at.is_(None)).values(ended_at=now, ended_by=by)
    found = connection.execute(over.returning(*_ROW)).first()
    if found is None:
        return None
    row = Row(*found)
    timers.cancel(connection, timer_key(number, row.turn))
    return row


def ticket(connection: sa.Connection, number: int, source: str, ticket_id: str) -> Joined | None:
    """Return a ticket of a failure."""
    mine = (t.c.incident == number, t.c.source == source, t.c.ticket_id == ticket_id)
    row = connection.execute(sa.select(*_JOINED).where(*mine)).first()
    return Joined(*row) if row else None


def join(connection: sa.Connection, joined: Joined) -> bool:
    """Add a ticket, or store the resolution of its last closing; False if the failure is over: nobody would be told."""
    mine = sa.select(i.c.ended_at).where(i.c.id == joined.incident).with_for_update(read=True)
    found = connection.execute(mine).first()
    if found is None or found.ended_at is not None:
        return False
    insert = insert_into(connection, t).values(**joined.__dict__)
    kept = {"agent_id": joined.agent_id, "resolution": joined.resolution}
    connection.execute(insert.on_conflict_do_update(index_elements=["incident", "source", "ticket_id"], set_=kept))
    return True


def piece(connection: sa.Connection, number: int, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
    """Return the next tickets of a failure (source, id) after one of them, ordered by key."""
    key = sa.tuple_(t.c.source, t.c.ticket_id)
    mine = (t.c.incident == number, key > sa.tuple_(*map(sa.literal, after)))
    query = sa.select(t.c.source, t.c.ticket_id).where(*mine).order_by(t.c.source, t.c.ticket_id).limit(limit)
    return [(row.source, row.ticket_id) for row in connection.execute(query)]


def counts(connection: sa.Connection, numbers: Collection[int]) -> Mapping[int, int]:
    """Return the number of tickets of each failure."""
    query = sa.select(t.c.incident, sa.func.count()).where(t.c.incident.in_(numbers)).group_by(t.c.incident)
    return {row[0]: row[1] for row in connection.execute(query)} if numbers else {}


def tickets(connection: sa.Connection, number: int, before: datetime | None, limit: int = PAGE) -> Sequence[Joined]:
    """Return the tickets of a failure, newest first; `before`: where the list continues."""
    query = sa.select(*_JOINED).where(t.c.incident == number).order_by(t.c.at.desc(), t.c.ticket_id).limit(limit)
    if before is not None:
        query = query.where(t.c.at < before)
    return [Joined(*row) for row in connection.execute(query)]


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete failures that ended before a moment, after their tickets; return how many rows were deleted."""
    old = sa.select(i.c.id).where(_OVER, i.c.ended_at < before).order_by(i.c.ended_at).limit(limit)
    failures = list(connection.execute(old).scalars())
    if not failures:
        return 0
    key = sa.tuple_(t.c.incident, t.c.source, t.c.ticket_id)
    theirs = sa.select(t.c.incident, t.c.source, t.c.ticket_id).where(t.c.incident.in_(failures)).limit(limit)
    gone = [tuple(row) for row in connection.execute(theirs)]
    connection.execute(sa.delete(t).where(key.in_(gone)))
    if len(gone) == limit:
        return limit
    return len(gone) + int(connection.execute(sa.delete(i).where(i.c.id.in_(failures))).rowcount)
