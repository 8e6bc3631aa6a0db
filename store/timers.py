"""Timers: `pending` until a clock claims them; what is claimed fires once, whoever claims it.

Keys: `hold:<number>`, `request:<number>:<ring>`, `client:<number of a request>`, `promise:<number>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into, is_postgresql
from store.tables import timers as a


@dataclass(frozen=True)
class Timer:
    """A timer that was claimed."""

    key: str
    kind: str
    due_at: datetime


def add(connection: sa.Connection, key: str, due_at: datetime, now: datetime) -> None:
    """Set a timer; its kind is the key's first word. One that is set stays as it is."""
    row = {"key": key, "kind": key.partition(":")[0], "due_at": due_at, "state": "pending", "made_at": now}
    connection.execute(insert_into(connection, a).values(**row).on_conflict_do_nothing())


def cancel(connection: sa.Connection, *keys: str) -> None:
    """Cancel timers that have not fired."""
    connection.execute(sa.update(a).where(a.c.key.in_(keys), a.c.state == "pending").values(state="cancelled"))


def claim_due(connection: sa.Connection, now: datetime, limit: int) -> list[Timer]:
    """Claim the timers that are due, the oldest first; another clock gets none of them."""
    pick = sa.select(a.c.key).where(a.c.state == "pending", a.c.due_at <= now).order_by(a.c.due_at).limit(limit)
    if is_postgresql(connection):
        pick = pick.with_for_update(skip_locked=True)
    due = pick.cte("due")  # within the condition PostgreSQL may ask it once a row, and gets others each time
    claimed = (
        sa.update(a)
        .where(a.c.key.in_(sa.select(due.c.key)), a.c.state == "pending")
        .values(state="rung")
        .returning(a.c.key, a.c.kind, a.c.due_at)
    )
    return sorted((Timer(*row) for row in connection.execute(claimed)), key=lambda timer: timer.due_at)
