"""Agents of the CRMs: the status of each (W-01), and whether the bot has ever seen one."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import holds
from store.tables.requests import agents as g
from store.tables.requests import requests

_SOURCES = ("webcrm", "usedesk", "jira")


def set_status(connection: sa.Connection, source: str, agent_id: str, status: str, since: datetime) -> None:
    """Store a status, unless a newer one is known."""
    row = insert_into(connection, g).values(source=source, agent_id=agent_id, status=status, since=since)
    key, newer = [g.c.source, g.c.agent_id], {"status": status, "since": since}
    connection.execute(row.on_conflict_do_update(index_elements=key, set_=newer, where=g.c.since <= since))


def is_known(connection: sa.Connection, source: str, agent_id: str) -> bool:
    """Whether the bot has ever seen this agent of a CRM: with a status, a hold or a request."""
    seen = [
        sa.exists().where(table.c.source == source, column == agent_id)
        for table, column in ((g, g.c.agent_id), (holds, holds.c.owner_id), (requests, requests.c.owner_id))
    ]
    return bool(connection.execute(sa.select(sa.or_(*seen))).scalar())


def with_source(connection: sa.Connection, agent_id: str) -> str:
    """Return `a17` as `webcrm:a17`, by the first CRM that has such an agent; unchanged if none has."""
    known = (source for source in _SOURCES if is_known(connection, source, agent_id))
    return next((f"{source}:{agent_id}" for source in known), agent_id)


def status_since(connection: sa.Connection, source: str, agent_id: str) -> tuple[str, datetime] | None:
    """Return an agent's status and since when; `None` if unknown."""
    mine = (g.c.source == source, g.c.agent_id == agent_id)
    row = connection.execute(sa.select(g.c.status, g.c.since).where(*mine)).first()
    return (row.status, row.since) if row else None


def status_of(connection: sa.Connection, source: str, agent_id: str) -> str | None:
    """Return an agent's status; `None` if unknown."""
    mine = (g.c.source == source, g.c.agent_id == agent_id)
    status: str | None = connection.execute(sa.select(g.c.status).where(*mine)).scalar()
    return status
