"""The tables. The migrations in `store/migrations` make exactly these; a test compares them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

import store.tables.access
import store.tables.duplicates
import store.tables.incidents
import store.tables.lost_tickets
import store.tables.problems
import store.tables.reports  # noqa: F401 # all belong to the same metadata
from store.tables.assignments import assignments
from store.tables.escalations import escalations
from store.tables.metadata import Id, metadata
from store.tables.requests import agents, promises, reminders, requests
from store.tables.systems import (
    alerts,
    clocks,
    config_versions,
    pauses,
    purges,
    rate_limits,
    rate_turns,
    systems,
    workers,
)
from store.tables.usedesk import findings, polls, used_links, watches
from store.types import Data, Moment

__all__ = [
    "agents",
    "alerts",
    "assignments",
    "cases",
    "clocks",
    "config_versions",
    "deliveries",
    "escalations",
    "field_marks",
    "findings",
    "holds",
    "ledger",
    "links",
    "metadata",
    "pauses",
    "polls",
    "promises",
    "purges",
    "rate_limits",
    "rate_turns",
    "reminders",
    "requests",
    "seen_bodies",
    "systems",
    "timers",
    "used_links",
    "watches",
    "workers",
]

# The inbox: one row per webhook call. `due_at` NULL = waits for a person or for `waits_for` to come back.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("delivery_id", String(128), nullable=False),
    Column("case_id", String(160), nullable=False),
    Column("type", String(100), nullable=False),
    Column("state", String(8), nullable=False),
    Column("body", Text, nullable=False),
    Column("event", Text),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("received_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("waits_for", String(64)),
    Column("taken_at", Moment),
    Column("config_version", String(64)),
    Column("run_token", String(36)),
    Column("finished_at", Moment),
    Column("texts_gone_at", Moment),  # what people wrote was deleted
    UniqueConstraint("source", "delivery_id", name="uq_deliveries_source_delivery"),
)
_unfinished = text("state IN ('waiting', 'running', 'dead')")
_waiting = text("state = 'waiting'")
Index(
    "ix_deliveries_unfinished",
    deliveries.c.case_id,
    deliveries.c.id,
    sqlite_where=_unfinished,
    postgresql_where=_unfinished,
)
Index("ix_deliveries_due", deliveries.c.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
Index("ix_deliveries_waits_for", deliveries.c.waits_for, sqlite_where=_waiting, postgresql_where=_waiting)
Index("ix_deliveries_state", deliveries.c.state, deliveries.c.id)
Index("ix_deliveries_case", deliveries.c.case_id, deliveries.c.id)
_wanted = text("state <> 'ignored'")
Index("ix_deliveries_concerned", deliveries.c.id, sqlite_where=_wanted, postgresql_where=_wanted)
Index("ix_deliveries_source", deliveries.c.source, deliveries.c.id)
Index("ix_deliveries_received", deliveries.c.received_at, deliveries.c.id)
_over = text("state IN ('done', 'ignored')")
Index(
    "ix_deliveries_over",
    deliveries.c.finished_at,
    deliveries.c.id,
    sqlite_where=_over,
    postgresql_where=_over,
)

# Leases: which worker runs the deliveries of a case, and until when. A case that nobody works on has no row.
cases = Table(
    "cases",
    metadata,
    Column("case_id", String(160), primary_key=True),
    Column("worker", String(80), nullable=False),
    Column("until", Moment, nullable=False, index=True),
)

# Jira signs the body but not its id: a body or an event seen before is a redelivery.
seen_bodies = Table(
    "seen_bodies",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("seen_at", Moment, nullable=False, index=True),
)

# Everything that the bot did, would have done, or did not do because it was refused, with the rule.
ledger = Table(
    "ledger",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("delivery", Id, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("verb", String(48), nullable=False),
    Column("subject", String(200)),
    Column("n", Integer, nullable=False),
    Column("mode", String(8), nullable=False),
    Column("target", String(200)),
    Column("outcome", String(12), nullable=False),
    Column("before", Data),
    Column("after", Data),
    Column("result", Data),
    Column("reason", Text),
    Column("begun_at", Moment, nullable=False),
    Column("done_at", Moment),
    UniqueConstraint("delivery", "rule", "verb", "subject", "n", name="uq_ledger_action"),
)
_observed = text("outcome = 'observed'")
Index(
    "ix_ledger_observed",
    ledger.c.rule,
    ledger.c.begun_at,
    sqlite_where=_observed,
    postgresql_where=_observed,
)

_with_result = text("result IS NOT NULL")
Index("ix_ledger_results", ledger.c.target, sqlite_where=_with_result, postgresql_where=_with_result)

_found = text("outcome IN ('observed', 'warned')")
Index("ix_ledger_found", ledger.c.begun_at, ledger.c.id, sqlite_where=_found, postgresql_where=_found)

# A ticket and one of its issues; one per ticket and purpose, besides former ones.
links = Table(
    "links",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("site", String(32), nullable=False),
    Column("issue_id", String(20), nullable=False),
    Column("issue_key", String(64), nullable=False),
    Column("made_by_bot", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("key_written_at", Moment),
    Column("status", String(64)),  # of the issue, as last reported
    Column("type_id", String(64)),
    Column("former_since", Moment),  # NULL: the ticket is still this group's
    UniqueConstraint("site", "issue_id", name="uq_links_issue"),
    Index("ix_links_issue_key", "issue_key"),
    Index("ix_links_ticket", "source", "ticket_id"),
)
_present = text("former_since IS NULL")
Index(
    "uq_links_ticket_purpose",
    links.c.source,
    links.c.ticket_id,
    links.c.purpose,
    unique=True,
    sqlite_where=_present,
    postgresql_where=_present,
)

# What the bot last set in a field of an issue, and since when a person has control of it.
field_marks = Table(
    "field_marks",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("issue_id", String(20), primary_key=True),
    Column("field", String(64), primary_key=True),
    Column("value", Data),
    Column("set_at", Moment),
    Column("person_at", Moment),
)

# A ticket that waits: for whom, since when, until when. One open hold per ticket.
holds = Table(
    "holds",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", String(16)),
    Column("stage", String(8), nullable=False),
    Column("awaited_account", String(128)),
    Column("awaited_key", String(64)),
    Column("awaited_link", Text),
    Column("owner_id", String(64)),
    Column("owner_account", String(128)),
    Column("seller_id", String(64)),
    Column("top", Boolean),  # of a top seller
    Column("site", String(32)),
    Column("issue_id", String(20)),
    Column("components_taken", Data),
    Column("closing", Data),
    Column("question", Text),
    Column("asked_at", Moment),
    Column("since", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("answered_by", String(128)),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("ended_why", String(32)),
)
_open = text("ended_at IS NULL")
Index("uq_holds_open", holds.c.source, holds.c.ticket_id, unique=True, sqlite_where=_open, postgresql_where=_open)
Index("ix_holds_oldest_open", holds.c.since, sqlite_where=_open, postgresql_where=_open)
Index("ix_holds_overdue", holds.c.due_at, sqlite_where=_open, postgresql_where=_open)
Index("ix_holds_open_owner", holds.c.source, holds.c.owner_id, sqlite_where=_open, postgresql_where=_open)
Index("ix_holds_ticket", holds.c.source, holds.c.ticket_id)
Index("ix_holds_owner", holds.c.source, holds.c.owner_id)
Index("ix_holds_issue", holds.c.site, holds.c.issue_id)
Index("ix_holds_awaited_issue", holds.c.awaited_key, sqlite_where=_open, postgresql_where=_open)

# Timers: the clock turns each one that is due into a delivery.
timers = Table(
    "alarms",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("made_at", Moment, nullable=False),
)
_pending = text("state = 'pending'")
Index("ix_alarms_due", timers.c.due_at, sqlite_where=_pending, postgresql_where=_pending)
