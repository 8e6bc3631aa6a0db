"""Fresh databases for tests: a copy of one that was migrated once per process."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from store.database import connect
from store.migrate import upgrade

ADMIN = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


class Sqlite:
    """SQLite files copied from a migrated one."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.sqlite"
        engine = connect(f"sqlite:///{self._template}")
        upgrade(engine)
        with engine.connect() as connection:
            connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        engine.dispose()

    def fresh(self, folder: Path) -> str:
        """The URL of a new database in `folder`."""
        path = folder / f"{uuid.uuid4().hex}.sqlite"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def empty(self, folder: Path) -> str:
        """The URL of a database without any table."""
        return f"sqlite:///{folder / 'empty.sqlite'}"

    def drop(self, url: str) -> None:
        """The folder is removed by pytest."""

    def close(self) -> None:
        """Nothing is left."""


class Postgres:
    """PostgreSQL databases made from a migrated template; all are dropped again."""

    def __init__(self) -> None:
        self._template = f"smezhnik_{uuid.uuid4().hex[:12]}"
        self._admin = sa.create_engine(ADMIN, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        self._run(f'CREATE DATABASE "{self._template}"')
        engine = connect(self._url(self._template), pool_size=2)
        upgrade(engine)
        engine.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(sa.text(statement))

    @staticmethod
    def _url(name: str) -> str:
        return sa.make_url(ADMIN).set(database=name).render_as_string(hide_password=False)

    def fresh(self, folder: Path) -> str:
        """The URL of a new database."""
        return self._made(self._template)

    def empty(self, folder: Path) -> str:
        """The URL of a database without any table."""
        return self._made("template1")

    def _made(self, template: str) -> str:
        name = f"{self._template}_{uuid.uuid4().hex[:8]}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database and whoever is still connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{sa.make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        """Remove the template."""
        self.drop(self._url(self._template))


def reachable() -> bool:
    """Whether PostgreSQL answers at TEST_DATABASE_URL; with CI=true it has to."""
    try:
        engine = sa.create_engine(ADMIN, connect_args={"connect_timeout": 3}, poolclass=sa.NullPool)
        with engine.connect():
            return True
    except sa.exc.OperationalError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no PostgreSQL at TEST_DATABASE_URL, and CI=true: {error.orig}")
        return False
