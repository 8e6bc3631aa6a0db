"""Bring a database to the tables of this release."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from store.database import migration_lock

HERE = Path(__file__).parent / "migrations"


def alembic_config(connection: sa.Connection) -> Config:
    """Alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine) -> None:
    """Run what is missing, one process at a time; does nothing on a database of this release."""
    with engine.connect() as connection, migration_lock(connection):
        command.upgrade(alembic_config(connection), "head")
        connection.commit()
