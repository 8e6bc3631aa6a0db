"""Timers: `pending` until a clock claims them; each fires once, whichever clock claims it.

The first word of a key is the timer's kind, such as `hold:<number>` or `request:<number>:<ring>`; the modules that set
timers define the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into, is_postgresql
from store.tables import timers as a


@dataclass(frozen=True)
class Timer:
    """A claimed timer."""

    key: str
    kind: str
    due_at: datetime


def add(connection: sa.Connection, key: str, due_at: datetime, now: datetime) -> None:
    """Set a timer; its kind is the key's first word. An existing one is left alone."""
    row = {"key": key, "kind": key.partition(":")[0], "due_at": due_at, "state": "pending", "made_at": now}
    connection.execute(insert_into(connection, a).values(**row).on_conflict_do_nothing())


def cancel(connection: sa.Connection, *keys: str) -> None:
    """Cancel timers that have not fired."""
    connection.execute(sa.update(a).where(a.c.key.in_(keys), a.c.state == "pending").values(state="cancelled"))


def claim_due(connection: sa.Connection, now: datetime, limit: int) -> list[Timer]:
    """Claim the timers that are due, oldest first; no other clock gets them."""
    pick = sa.select(a.c.key).where(a.c.state == "pending", a.c.due_at <= now).order_by(a.c.due_at).limit(limit)
    if is_postgresql(connection):
        pick = pick.with_for_update(skip_locked=True)
    due = pick.cte("due")  # inline, PostgreSQL may run it for each row, with different results
    claimed = (
        sa.update(a)
        .where(a.c.key.in_(sa.select(due.c.key)), a.c.state == "pending")
        .values(state="rung")
        .returning(a.c.key, a.c.kind, a.c.due_at)
    )
    return sorted((Timer(*row) for row in connection.execute(claimed)), key=lambda timer: timer.due_at)
