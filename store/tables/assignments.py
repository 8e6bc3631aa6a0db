"""The table of assigned tickets (W-07)."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from store.tables.metadata import metadata
from store.types import Moment

# To whom the CRM gave a ticket, and when, until it is closed or escalated.
assignments = Table(
    "assignments",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("agent_id", String(64), nullable=False),
    Column("assigned_at", Moment, nullable=False, index=True),
    Index("ix_assignments_agent", "source", "agent_id", "assigned_at"),
)
