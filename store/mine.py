"""What one agent has to do: open requests, drafts to send, holds; each by an index of the agent's open rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.promises import DRAFT
from store.tables import holds as h
from store.tables.requests import promises as p
from store.tables.requests import requests as r

MOST = 100  # rows of a list
Agent = tuple[str, str]  # a CRM, and the agent's id there


@dataclass(frozen=True)
class MyRequest:
    """An open request of the agent; without `due_at` there are no reminders."""

    source: str
    ticket_id: str
    department: str
    topic: str | None
    since: datetime
    due_at: datetime | None
    informed: bool


@dataclass(frozen=True)
class DraftToSend:
    """A reply to the client that waits for the agent."""

    source: str
    ticket_id: str
    department: str
    text: str
    drafted_at: datetime


@dataclass(frozen=True)
class MyHold:
    """An open hold of the agent."""

    source: str
    ticket_id: str
    kind: str
    since: datetime
    due_at: datetime


def asked(connection: sa.Connection, agent: Agent) -> list[MyRequest]:
    """Return open requests, earliest due first."""
    columns = (r.c.source, r.c.ticket_id, r.c.department, r.c.topic, r.c.since, r.c.due_at)
    found = sa.select(*columns, r.c.client_informed_at.is_not(None)).where(*_mine(agent))
    rows = connection.execute(found.order_by(r.c.due_at, r.c.id).limit(MOST))
    return [MyRequest(*row) for row in rows]


def drafts(connection: sa.Connection, agent: Agent) -> list[DraftToSend]:
    """Return the newest draft of each open request: older ones are outdated."""
    mine = sa.select(r.c.id, r.c.department).where(*_mine(agent)).order_by(r.c.due_at, r.c.id).limit(MOST).subquery()
    columns = (p.c.source, p.c.ticket_id, mine.c.department, p.c.text, p.c.drafted_at, p.c.request)
    found = sa.select(*columns).join_from(mine, p, p.c.request == mine.c.id).where(p.c.state == DRAFT).order_by(p.c.id)
    newest = {row.request: DraftToSend(*row[:5]) for row in connection.execute(found)}
    return sorted(newest.values(), key=lambda one: one.drafted_at)


def held(connection: sa.Connection, agent: Agent) -> list[MyHold]:
    """Return open holds, earliest due first."""
    columns = (h.c.source, h.c.ticket_id, h.c.kind, h.c.since, h.c.due_at)
    mine = (h.c.ended_at.is_(None), h.c.source == agent[0], h.c.owner_id == agent[1])
    found = sa.select(*columns).where(*mine).order_by(h.c.due_at, h.c.id).limit(MOST)
    return [MyHold(*row) for row in connection.execute(found)]


def waits(connection: sa.Connection, agents: Sequence[Agent], now: datetime) -> int:
    """Return how much these agents have to do: drafts to send and overdue holds."""
    return sum(
        len(drafts(connection, agent)) + sum(one.due_at <= now for one in held(connection, agent)) for agent in agents
    )


def _mine(agent: Agent) -> tuple[sa.ColumnElement[bool] | sa.TextClause, ...]:
    return sa.text("requests.state = 'open'"), r.c.source == agent[0], r.c.owner_id == agent[1]
