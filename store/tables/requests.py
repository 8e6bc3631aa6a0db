"""The tables of requests to neighbour departments: questions, reminders and promises (U-14…U-31)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from store.tables.metadata import Id, metadata
from store.types import Moment

# A question to a neighbour department, about one ticket; `number` counts those of a ticket to one department.
# `step` is its next escalation step, `ring` numbers its timers; `opened_by`, `rung_by` (the last timer), `closed_by`
# are deliveries.
requests = Table(
    "requests",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("department", String(160), nullable=False),
    Column("number", Integer, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("external_id", String(64)),
    Column("state", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("answer_required", Boolean, nullable=False),
    Column("owner_id", String(64)),
    Column("owner_gender", String(1)),
    Column("asker_account", String(255)),
    Column("topic", String(255)),
    Column("party_id", String(64)),
    Column("top", Boolean),  # of a top seller
    Column("url", Text),
    Column("dept_ticket_id", String(64)),
    Column("site", String(32)),
    Column("issue_id", String(20)),
    Column("issue_key", String(128)),
    Column("since", Moment, nullable=False),
    Column("due_at", Moment),
    Column("next_at", Moment),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("ring", Integer, nullable=False, server_default="0"),
    Column("answered_at", Moment),
    Column("answered_by", String(255)),
    Column("answered_how", String(16)),
    Column("client_informed_at", Moment),
    Column("snoozed_until", Moment),
    Column("snooze_reason", Text),
    Column("closed_at", Moment),
    Column("closed_why", String(32)),
    Column("ticket_solved_at", Moment),  # NULL: the ticket is not solved, or open again
    Column("opened_by", String(180), nullable=False),
    Column("rung_by", String(180)),
    Column("closed_by", String(180)),
    Column("texts_gone_at", Moment),  # the question was deleted
    UniqueConstraint("source", "ticket_id", "department", "number", name="uq_requests_number"),
)
_asked = text("state = 'open'")
Index("ix_requests_oldest_open", requests.c.since, sqlite_where=_asked, postgresql_where=_asked)
Index(
    "ix_requests_open_department",
    requests.c.department,
    requests.c.since,
    sqlite_where=_asked,
    postgresql_where=_asked,
)
Index("ix_requests_overdue", requests.c.due_at, sqlite_where=_asked, postgresql_where=_asked)
Index(
    "ix_requests_open_owner",
    requests.c.source,
    requests.c.owner_id,
    sqlite_where=_asked,
    postgresql_where=_asked,
)
Index("ix_requests_open_topic", requests.c.topic, sqlite_where=_asked, postgresql_where=_asked)
Index("ix_requests_department", requests.c.department, requests.c.since)
Index("ix_requests_since", requests.c.since)
Index("ix_requests_owner", requests.c.source, requests.c.owner_id)
Index("ix_requests_answered", requests.c.answered_at)
Index("ix_requests_dept_ticket", requests.c.source, requests.c.dept_ticket_id)
Index("ix_requests_issue", requests.c.site, requests.c.issue_id)

# What the escalation steps of a request sent, to whom, and when it was due; `outcome`: sent, or crossed (an answer
# came meanwhile).
reminders = Table(
    "reminders",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("request", Id, ForeignKey("requests.id", ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("told", String(10), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("sent_at", Moment, nullable=False, index=True),
    Column("late", Boolean, nullable=False),
    Column("outcome", String(10), nullable=False),
    Index("ix_reminders_request", "request", "id"),
)

# What an interim reply promised the client, and when it falls due.
promises = Table(
    "promises",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("request", Id, ForeignKey("requests.id", ondelete="CASCADE"), nullable=False),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("text_id", String(4), nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("draft_id", String(64)),
    Column("drafted_at", Moment, nullable=False),
    Column("made_at", Moment),
    Column("due_at", Moment),
    Column("ended_at", Moment),
    Column("ended_by", String(180)),
    UniqueConstraint("request", "text_id", name="uq_promises_text"),
)
_alive = text("state IN ('draft', 'made')")
Index("ix_promises_alive", promises.c.source, promises.c.ticket_id, sqlite_where=_alive, postgresql_where=_alive)
_broken = text("state = 'broken'")
Index("ix_promises_broken", promises.c.request, sqlite_where=_broken, postgresql_where=_broken)

# The status of an agent in the CRM, and since when (W-01).
agents = Table(
    "agents",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("agent_id", String(64), primary_key=True),
    Column("status", String(64), nullable=False),
    Column("since", Moment, nullable=False),
)
