"""The table of chats that go to another line (E-01), open and ended."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, text

from store.tables.metadata import Id, metadata
from store.types import Moment

# A chat for another line: which one and why, since when, until when, and how it ended. One open row per ticket.
escalations = Table(
    "escalations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("agent_id", String(64)),
    Column("line", String(64)),
    Column("rule", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Column("due_at", Moment),
    Column("ended_at", Moment),
    Column("ended_how", String(16)),
    Index("ix_escalations_ticket", "source", "ticket_id", "id"),
)
_unended = text("ended_at IS NULL")
Index(
    "uq_escalations_open",
    escalations.c.source,
    escalations.c.ticket_id,
    unique=True,
    sqlite_where=_unended,
    postgresql_where=_unended,
)
