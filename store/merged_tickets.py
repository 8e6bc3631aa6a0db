"""Which ticket was merged into which (W-14): each into one, and no two into each other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables.duplicates import merged_tickets as m


@dataclass(frozen=True)
class Merged:
    """A ticket, the one that its client was sent to, and the delivery (source/id) that merged it."""

    source: str
    ticket_id: str
    original_id: str
    delivery: str


_COLUMNS = [m.c[name] for name in Merged.__annotations__]


def merge(connection: sa.Connection, merged: Merged, now: datetime) -> None:
    """Merge a ticket into another; do nothing if it is already merged, or the other one is merged into it."""
    pair = "/".join(sorted((merged.ticket_id, merged.original_id)))
    row = insert_into(connection, m).values(**merged.__dict__, pair=pair, at=now)
    connection.execute(row.on_conflict_do_nothing())


def of_ticket(connection: sa.Connection, source: str, ticket_id: str) -> Merged | None:
    """Return the merge of a ticket, if there is one."""
    row = connection.execute(sa.select(*_COLUMNS).where(m.c.source == source, m.c.ticket_id == ticket_id)).first()
    return Merged(*row) if row else None


def of_tickets(connection: sa.Connection, source: str, ticket_ids: Collection[str]) -> dict[str, str]:
    """Return the tickets among these that were merged, each with its original."""
    if not ticket_ids:
        return {}
    query = sa.select(m.c.ticket_id, m.c.original_id).where(m.c.source == source, m.c.ticket_id.in_(ticket_ids))
    return {row.ticket_id: row.original_id for row in connection.execute(query)}


def into(connection: sa.Connection, source: str, original_id: str, limit: int) -> list[str]:
    """Return the tickets that were merged into this one, newest first."""
    query = sa.select(m.c.ticket_id).where(m.c.source == source, m.c.original_id == original_id)
    return list(connection.execute(query.order_by(m.c.at.desc()).limit(limit)).scalars())


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete merges made before a moment; return how many."""
    old = sa.select(m.c.source, m.c.ticket_id).where(m.c.at < before).order_by(m.c.at).limit(limit)
    gone = [(row.source, row.ticket_id) for row in connection.execute(old)]
    if gone:
        connection.execute(sa.delete(m).where(sa.tuple_(m.c.source, m.c.ticket_id).in_(gone)))
    return len(gone)
