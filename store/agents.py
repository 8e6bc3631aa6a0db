"""The status that each agent has in the CRM (W-01)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.tables.requests import agents as g


def set_status(connection: sa.Connection, source: str, agent_id: str, status: str, since: datetime) -> None:
    """Keep a status, unless a newer one is known."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(g).values(source=source, agent_id=agent_id, status=status, since=since)
    newer = {"index_elements": [g.c.source, g.c.agent_id], "set_": {"status": status, "since": since}}
    connection.execute(row.on_conflict_do_update(**newer, where=g.c.since <= since))


def status_of(connection: sa.Connection, source: str, agent_id: str) -> str | None:
    """An agent's status, None when nobody told."""
    mine = (g.c.source == source, g.c.agent_id == agent_id)
    status: str | None = connection.execute(sa.select(g.c.status).where(*mine)).scalar()
    return status
