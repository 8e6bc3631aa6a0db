"""Due moments: `pending` until a clock claims them; what is claimed rings once, whoever claims it.

Keys: `hold:<number>`, `request:<number>:<ring>`, `client:<number of a request>`, `promise:<number>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import alarms as a


@dataclass(frozen=True)
class Alarm:
    """An alarm that was claimed."""

    key: str
    kind: str
    due_at: datetime


def add(connection: sa.Connection, key: str, due_at: datetime, now: datetime) -> None:
    """Set an alarm; its kind is the key's first word. One that is set stays as it is."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"key": key, "kind": key.partition(":")[0], "due_at": due_at, "state": "pending", "made_at": now}
    connection.execute(dialect.insert(a).values(**row).on_conflict_do_nothing())


def cancel(connection: sa.Connection, *keys: str) -> None:
    """Silence alarms that have not rung."""
    connection.execute(sa.update(a).where(a.c.key.in_(keys), a.c.state == "pending").values(state="cancelled"))


def claim_due(connection: sa.Connection, now: datetime, limit: int) -> list[Alarm]:
    """Claim the alarms that are due, the oldest first; another clock gets none of them."""
    pick = sa.select(a.c.key).where(a.c.state == "pending", a.c.due_at <= now).order_by(a.c.due_at).limit(limit)
    if connection.dialect.name == "postgresql":
        pick = pick.with_for_update(skip_locked=True)
    claimed = (
        sa.update(a)
        .where(a.c.key.in_(pick.scalar_subquery()), a.c.state == "pending")
        .values(state="rung")
        .returning(a.c.key, a.c.kind, a.c.due_at)
    )
    return sorted((Alarm(*row) for row in connection.execute(claimed)), key=lambda alarm: alarm.due_at)
