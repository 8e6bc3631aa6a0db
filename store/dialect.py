"""The differences between SQLite and PostgreSQL that queries need."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def is_postgresql(connection: sa.Connection | sa.Engine) -> bool:
    """Whether this is PostgreSQL; otherwise it is SQLite."""
    return connection.dialect.name == "postgresql"


def insert_into(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that supports `on_conflict_do_…`."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)
