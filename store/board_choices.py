"""The choices in the board's filters, and the figures above it; each is bounded and uses an index of open rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from store.board import MOST
from store.distinct import OFFERED, distinct
from store.tables.requests import agents
from store.tables.requests import requests as r

_OPEN = {"requests": "state = 'open'", "holds": "ended_at IS NULL"}


def topics(connection: sa.Connection) -> list[str]:
    """Return the topics of open requests."""
    return _distinct(connection, "requests", "topic")


def owners(connection: sa.Connection, sources: Iterable[str]) -> list[str]:
    """Return who is responsible for something open, as `source:id`."""
    found = set()
    for source in sources:
        for table in _OPEN:
            found |= {f"{source}:{owner}" for owner in _distinct(connection, table, "owner_id", source)}
    return sorted(found)[:OFFERED]


def known_agents(connection: sa.Connection) -> list[tuple[str, str]]:
    """Return the agents whose status is known, as (source, id): work can be handed over to them."""
    found = sa.select(agents.c.source, agents.c.agent_id).order_by(agents.c.source, agents.c.agent_id).limit(OFFERED)
    return [(row.source, row.agent_id) for row in connection.execute(found)]


def slowest(connection: sa.Connection, departments: Sequence[str], asked_before: datetime) -> tuple[str, int] | None:
    """Return the department with the most open requests from before a moment, and how many (at most `MOST`)."""
    counts = {department: _counted(connection, department, asked_before) for department in departments}
    most = max(counts, key=lambda name: counts[name], default=None)
    return (most, counts[most]) if most is not None and counts[most] else None


def falling_due(connection: sa.Connection, now: datetime, until: datetime) -> int:
    """Return the number of open requests that fall due between two moments; counting stops at `MOST`."""
    rows = sa.select(r.c.id).where(sa.text("requests.state = 'open'"), r.c.due_at > now, r.c.due_at <= until)
    return _number(connection, rows)


def _counted(connection: sa.Connection, department: str, asked_before: datetime) -> int:
    mine = (sa.text("requests.state = 'open'"), r.c.department == department, r.c.since <= asked_before)
    return _number(connection, sa.select(r.c.id).where(*mine))


def _number(connection: sa.Connection, rows: sa.Select[tuple[int]]) -> int:
    counted = sa.select(sa.func.count()).select_from(rows.limit(MOST).subquery())
    return int(connection.execute(counted).scalar_one())


def _distinct(connection: sa.Connection, table: str, column: str, source: str | None = None) -> list[str]:
    if source is None:
        return distinct(connection, table, column, _OPEN[table])
    return distinct(connection, table, column, f"{_OPEN[table]} AND source = :source", source=source)
