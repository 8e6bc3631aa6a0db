"""Bring a database to the tables of this release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from store.database import migration_lock

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent / "migrations"


class NewerDatabaseError(Exception):
    """A later release has migrated the database."""


def alembic_config(connection: sa.Connection) -> Config:
    """Alembic's configuration for an open connection."""
    from alembic.config import Config  # noqa: PLC0415 # costs each process 7 MB, and only an old database needs it

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine) -> None:
    """Run what is missing, one process at a time; NewerDatabaseError when the database is of a later release."""
    if _is_of_this_release(engine):
        return
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    with engine.connect() as connection, migration_lock(connection):
        try:
            command.upgrade(alembic_config(connection), "head")
        except CommandError as error:
            raise NewerDatabaseError(str(error)) from None
        connection.commit()


def _is_of_this_release(engine: sa.Engine) -> bool:
    """Without Alembic: its own table says which migration was the last, a file's name begins with its number."""
    newest = max(path.stem for path in (HERE / "versions").glob("[0-9]*.py")).partition("_")[0]
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [newest]
