"""Tickets closed as «Не решена» without a next step (R-46): lost until something happens to them again.

Events do not update the table: the board checks whether a ticket was touched, and the clock deletes those that were.
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


# ignored events, such as echoes of the bot's own changes, do not count
_TOUCHED = sa.exists().where(
    d.c.case_id == t.c.source + ":" + t.c.ticket_id, d.c.id > t.c.delivery, d.c.state != "ignored"
)


def lose(connection: sa.Connection, lost: Lost, label: str) -> None:
    """Store a ticket that the delivery `label` (source/id) reported as closed."""
    source, _, delivery_id = label.partition("/")
    found = deliveries.find(connection, source, delivery_id)
    if found is None:
        return
    values = {**lost.__dict__, "delivery": found.id}
    put = insert_into(connection, t).values(**values)
    connection.execute(put.on_conflict_do_update(index_elements=["source", "ticket_id"], set_=values))


def page(connection: sa.Connection, limit: int = PAGE) -> list[Lost]:
    """Return the tickets that nobody has touched since, oldest first."""
    columns = [t.c[name] for name in Lost.__annotations__]
    found = sa.select(*columns).where(~_TOUCHED).order_by(t.c.since, t.c.ticket_id).limit(limit)
    return [Lost(*row) for row in connection.execute(found)]


def settle(connection: sa.Connection, source: str, ticket_id: str) -> bool:
    """Delete a ticket that a person has dealt with; False if it was not lost."""
    mine = (t.c.source == source, t.c.ticket_id == ticket_id)
    return connection.execute(sa.delete(t).where(*mine).returning(t.c.ticket_id)).first() is not None


def forget_touched(connection: sa.Connection, limit: int) -> int:
    """Delete the tickets that something has happened to since; return how many."""
    touched = sa.select(t.c.source, t.c.ticket_id).where(_TOUCHED).limit(limit)
    rows = connection.execute(touched).all()
    for row in rows:
        settle(connection, row.source, row.ticket_id)
    return len(rows)


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete tickets lost before a moment that nobody dealt with; return how many."""
    old = sa.select(t.c.source, t.c.ticket_id).where(t.c.since < before).order_by(t.c.since).limit(limit)
    gone = [(row.source, row.ticket_id) for row in connection.execute(old)]
    if gone:
        connection.execute(sa.delete(t).where(sa.tuple_(t.c.source, t.c.ticket_id).in_(gone)))
    return len(gone)
