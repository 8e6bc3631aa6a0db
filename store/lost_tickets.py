"""Tickets that were closed as «Не решена» without a next step (R-46): lost until something happens to them again.

Nobody looks at the table when an event comes: whether a ticket was touched is asked by the board, and by the clock that
forgets those that were.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import deliveries
from store.dialect import insert_into
from store.tables import deliveries as d
from store.tables.lost_tickets import lost_tickets as t

PAGE = 50


@dataclass(frozen=True)
class Lost:
    """A ticket, who closed it, what it was about, and since when nothing is planned."""

    source: str
    ticket_id: str
    agent_id: str | None
    topic: str | None
    since: datetime


# of an event that nobody needs, as of the bot's own echo, nothing happened
_TOUCHED = sa.exists().where(
    d.c.case_id == t.c.source + ":" + t.c.ticket_id, d.c.id > t.c.delivery, d.c.state != "ignored"
)


def lose(connection: sa.Connection, lost: Lost, label: str) -> None:
    """Keep a ticket that the delivery `label` (source/id) has closed."""
    source, _, delivery_id = label.partition("/")
    found = deliveries.find(connection, source, delivery_id)
    if found is None:
        return
    values = {**lost.__dict__, "delivery": found.id}
    put = insert_into(connection, t).values(**values)
    connection.execute(put.on_conflict_do_update(index_elements=["source", "ticket_id"], set_=values))


def page(connection: sa.Connection, limit: int = PAGE) -> list[Lost]:
    """Those that nobody has touched since, the oldest first."""
    columns = [t.c[name] for name in Lost.__annotations__]
    found = sa.select(*columns).where(~_TOUCHED).order_by(t.c.since, t.c.ticket_id).limit(limit)
    return [Lost(*row) for row in connection.execute(found)]


def settle(connection: sa.Connection, source: str, ticket_id: str) -> bool:
    """A person has seen to it; False when it was not lost."""
    mine = (t.c.source == source, t.c.ticket_id == ticket_id)
    return connection.execute(sa.delete(t).where(*mine).returning(t.c.ticket_id)).first() is not None


def forget_touched(connection: sa.Connection, limit: int) -> int:
    """Forget those to which something has happened since; the count."""
    touched = sa.select(t.c.source, t.c.ticket_id).where(_TOUCHED).limit(limit)
    rows = connection.execute(touched).all()
    for row in rows:
        settle(connection, row.source, row.ticket_id)
    return len(rows)


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Forget those that were lost before a moment and that nobody ever saw to; the count."""
    old = sa.select(t.c.source, t.c.ticket_id).where(t.c.since < before).order_by(t.c.since).limit(limit)
    gone = [(row.source, row.ticket_id) for row in connection.execute(old)]
    if gone:
        connection.execute(sa.delete(t).where(sa.tuple_(t.c.source, t.c.ticket_id).in_(gone)))
    return len(gone)
