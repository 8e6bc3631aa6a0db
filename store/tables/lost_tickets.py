"""The table of tickets closed as «Не решена» without a next step (R-46)."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from store.tables.metadata import Id, metadata
from store.types import Moment

# One row per ticket, until it is touched again or a lead deals with it; `delivery` is that of its last closing.
lost_tickets = Table(
    "lost_tickets",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("delivery", Id, nullable=False),
    Column("agent_id", String(64)),
    Column("topic", String(400)),
    Column("since", Moment, nullable=False, index=True),
)
