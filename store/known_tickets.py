"""Tickets as their CRM described them, by owner: duplicates are searched among these (W-11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables.duplicates import known_tickets as k

KEY = ("source", "ticket_id")


@dataclass(frozen=True)
class KnownTicket:
    """What is known of a ticket; `party` is its owner (`partner:184467`), `text` what the client asked initially."""

    source: str
    ticket_id: str
    told_at: datetime
    party: str | None = None
    status: str | None = None
    channel: str | None = None
    channel_kind: str | None = None
    type: str | None = None
    subtype: str | None = None
    order_no: str | None = None
    shipment_no: str | None = None
    supply_no: str | None = None
    text: str | None = None
    created_at: datetime | None = None

    @property
    def opened_at(self) -> datetime:
        """When it was created; if that is unknown, the time of the newest event about it."""
        return self.created_at or self.told_at


_NAMES = tuple(field.name for field in fields(KnownTicket))
_COLUMNS = [k.c[name] for name in _NAMES]


def remember(connection: sa.Connection, tickets: Iterable[KnownTicket], now: datetime) -> None:
    """Store what events said: the newest value of each field, in whatever order events arrive; gaps erase nothing."""
    rows = [
        asdict(ticket) | {"heard_at": now} for ticket in sorted(tickets, key=lambda one: (one.source, one.ticket_id))
    ]
    if not rows:
        return
    insert = insert_into(connection, k)
    new, is_newer = insert.excluded, insert.excluded.told_at >= k.c.told_at
    told: dict[str, sa.ColumnElement[object]] = {
        name: sa.case((is_newer, sa.func.coalesce(new[name], k.c[name])), else_=sa.func.coalesce(k.c[name], new[name]))
        for name in _NAMES
        if name not in KEY
    }
    connection.execute(insert.on_conflict_do_update(index_elements=KEY, set_=told | {"heard_at": new.heard_at}), rows)


def get(connection: sa.Connection, source: str, ticket_id: str) -> KnownTicket | None:
    """Return a ticket."""
    row = connection.execute(sa.select(*_COLUMNS).where(k.c.source == source, k.c.ticket_id == ticket_id)).first()
    return KnownTicket(*row) if row else None


def others(connection: sa.Connection, ticket: KnownTicket, since: datetime, limit: int) -> list[KnownTicket]:
    """Return other tickets of the same party that were heard of since a moment, most recently heard of first (W-12)."""
    if ticket.party is None:
        return []
    mine = (k.c.source == ticket.source, k.c.party == ticket.party, k.c.heard_at >= since)
    query = sa.select(*_COLUMNS).where(*mine, k.c.ticket_id != ticket.ticket_id)
    return [KnownTicket(*row) for row in connection.execute(query.order_by(k.c.heard_at.desc()).limit(limit))]


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete tickets not heard of since a moment; return how many."""
    old = sa.select(k.c.source, k.c.ticket_id).where(k.c.heard_at < before).order_by(k.c.heard_at).limit(limit)
    gone: Sequence[tuple[str, str]] = [(row.source, row.ticket_id) for row in connection.execute(old)]
    if gone:
        connection.execute(sa.delete(k).where(sa.tuple_(k.c.source, k.c.ticket_id).in_(gone), k.c.heard_at < before))
    return len(gone)
