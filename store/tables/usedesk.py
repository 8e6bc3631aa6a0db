"""The tables for Usedesk tickets: polling, findings, watches, used links."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, text

from store.tables.metadata import Id, metadata
from store.types import Data, Moment

# How far a system was polled for what its webhooks may have missed; the clock that polls holds `claimed_until`.
polls = Table(
    "polls",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("since", Moment),
    Column("begun_at", Moment),
    Column("page", Integer, nullable=False, server_default="0"),
    Column("zone", Integer),  # offset of its dates from UTC, in minutes
    Column("seen", Data),
    Column("next_at", Moment),
    Column("claimed_until", Moment),
)

# What an agent was told about a ticket: each finding of a rule once.
findings = Table(
    "findings",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("rule", String(16), primary_key=True),
    Column("finding", String(64), primary_key=True),
    Column("delivery", String(200), nullable=False),
    Column("at", Moment, nullable=False),
)

# What is checked again when its timer fires; one open watch per ticket and rule.
watches = Table(
    "watches",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("agent_id", String(64)),
    Column("subject", String(64)),
    Column("since", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("ended_at", Moment),
)
_unended = text("ended_at IS NULL")
Index(
    "uq_watches_open",
    watches.c.source,
    watches.c.ticket_id,
    watches.c.rule,
    unique=True,
    sqlite_where=_unended,
    postgresql_where=_unended,
)

# Links of the dynamic block whose button was pressed; each works once.
used_links = Table(
    "used_links",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("used_at", Moment, nullable=False, index=True),
)
