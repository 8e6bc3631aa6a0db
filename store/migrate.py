"""Migrates a database to the tables of this release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from store.database import migration_lock

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent / "migrations"


class NewerDatabaseError(Exception):
    """The database was migrated by a later release."""


def alembic_config(connection: sa.Connection) -> Config:
    """Return Alembic's configuration for an open connection."""
    from alembic.config import Config  # noqa: PLC0415 # costs each process 7 MB, and only an old database needs it

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine) -> None:
    """Run the missing migrations, one process at a time. Raises `NewerDatabaseError` for a later release's database."""
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
    """Check without Alembic: compare its table's last migration with the number of the newest file."""
    newest = max(path.stem for path in (HERE / "versions").glob("[0-9]*.py")).partition("_")[0]
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [newest]
