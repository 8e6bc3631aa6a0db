"""Assignments: to whom the CRM gave each ticket, and when, until it is closed or escalated (W-07)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import assignments as a

KEY = ("source", "ticket_id")


def keep(connection: sa.Connection, source: str, ticket_id: str, agent_id: str, assigned_at: datetime) -> None:
    """Store who has a ticket, unless a later assignment is known."""
    given = {"agent_id": agent_id, "assigned_at": assigned_at}
    row = insert_into(connection, a).values(source=source, ticket_id=ticket_id, **given)
    newer = a.c.assigned_at <= assigned_at
    connection.execute(row.on_conflict_do_update(index_elements=KEY, set_=given, where=newer))


def is_kept(connection: sa.Connection, source: str, ticket_id: str) -> bool:
    """Whether a ticket is known to be assigned to somebody."""
    mine = (a.c.source == source, a.c.ticket_id == ticket_id)
    return connection.execute(sa.select(a.c.agent_id).where(*mine)).first() is not None


def end(connection: sa.Connection, source: str, ticket_id: str) -> None:
    """Delete the assignment of a ticket."""
    connection.execute(sa.delete(a).where(a.c.source == source, a.c.ticket_id == ticket_id))


def of_agent(connection: sa.Connection, source: str, agent_id: str, limit: int) -> Sequence[tuple[str, datetime]]:
    """Return an agent's newest tickets, each with the time of its assignment."""
    mine = sa.select(a.c.ticket_id, a.c.assigned_at).where(a.c.source == source, a.c.agent_id == agent_id)
    rows = connection.execute(mine.order_by(a.c.assigned_at.desc()).limit(limit))
    return [(row.ticket_id, row.assigned_at) for row in rows]


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete assignments made before a moment whose end was never reported; return how many."""
    old = sa.select(a.c.source, a.c.ticket_id).where(a.c.assigned_at < before).order_by(a.c.assigned_at).limit(limit)
    gone = [(row.source, row.ticket_id) for row in connection.execute(old)]
    if gone:
        connection.execute(sa.delete(a).where(sa.tuple_(a.c.source, a.c.ticket_id).in_(gone)))
    return len(gone)
