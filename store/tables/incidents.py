"""The tables of mass failures and of their tickets (R-24)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from store.tables.metadata import Id, metadata
from store.types import Moment

# A mass failure that a lead opened; `keywords` and `topics` one per line. `ended_by` NULL: open, or its time ran out.
incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False),
    Column("keywords", Text, nullable=False),
    Column("topics", Text, nullable=False),
    Column("issue_key", String(64), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("opened_by", String(254), nullable=False),
    Column("until", Moment, nullable=False),
    Column("turn", Integer, nullable=False, server_default="1"),  # how often `until` was set
    Column("ended_at", Moment),
    Column("ended_by", String(254)),
    Column("issue_summary", String(255)),  # as it was in Jira when the failure was opened
)
_open = text("ended_at IS NULL")
Index("ix_incidents_open", incidents.c.id, sqlite_where=_open, postgresql_where=_open)
_over = text("ended_at IS NOT NULL")
Index("ix_incidents_over", incidents.c.ended_at, sqlite_where=_over, postgresql_where=_over)

# The tickets of a failure, each with the delivery that found it and the resolution of its last closing.
incident_tickets = Table(
    "incident_tickets",
    metadata,
    Column("incident", Id, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(32), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("delivery", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("agent_id", String(64)),
    Column("resolution", String(16)),
)
Index("ix_incident_tickets_newest", incident_tickets.c.incident, incident_tickets.c.at)
