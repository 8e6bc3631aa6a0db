"""Chats that go to another line (E-01): which line, since when, until when, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import timers
from store.tables import escalations as e

ESCALATED, CLOSED, WITHDRAWN, REASSIGNED = "escalated", "closed", "withdrawn", "reassigned"


@dataclass(frozen=True)
class Escalation:
    """A chat that goes to `line` by `rule`; `agent_id` had it. Without `due_at`, no countdown runs.

    `ended_how`: escalated, closed, withdrawn (the chat is about something else now), reassigned (to another agent).
    """

    id: int
    source: str
    ticket_id: str
    agent_id: str | None
    line: str | None
    rule: str
    since: datetime
    due_at: datetime | None
    ended_at: datetime | None
    ended_how: str | None


_COLUMNS = [e.c[name] for name in Escalation.__annotations__]


def timer_key(escalation: int) -> str:
    """Return the key of an escalation's countdown timer (E-02)."""
    return f"escalation:{escalation}"


def newest(connection: sa.Connection, source: str, ticket_id: str) -> Escalation | None:
    """Return the newest escalation of a ticket, open or ended."""
    mine = sa.select(*_COLUMNS).where(e.c.source == source, e.c.ticket_id == ticket_id)
    row = connection.execute(mine.order_by(e.c.id.desc()).limit(1)).first()
    return Escalation(*row) if row else None


def get(connection: sa.Connection, escalation: int) -> Escalation | None:
    """Return an escalation by its number, open or ended."""
    row = connection.execute(sa.select(*_COLUMNS).where(e.c.id == escalation)).first()
    return Escalation(*row) if row else None


def begin(connection: sa.Connection, values: dict[str, object], now: datetime) -> int:
    """Insert an escalation, with its timer if it has a `due_at` and is not ended; return its number."""
    row = connection.execute(sa.insert(e).values(**values).returning(e.c.id, e.c.due_at, e.c.ended_at)).one()
    if row.due_at is not None and row.ended_at is None:
        timers.add(connection, timer_key(row.id), row.due_at, now)
    return int(row.id)


def change(connection: sa.Connection, escalation: int, **values: object) -> None:
    """Change columns of an escalation (`line`, `rule`)."""
    connection.execute(sa.update(e).where(e.c.id == escalation).values(**values))


def end(connection: sa.Connection, escalation: int, how: str, now: datetime, **values: object) -> None:
    """End an open escalation and cancel its timer; an ended one stays as it is."""
    mine = (e.c.id == escalation, e.c.ended_at.is_(None))
    connection.execute(sa.update(e).where(*mine).values(ended_at=now, ended_how=how, **values))
    timers.cancel(connection, timer_key(escalation))
