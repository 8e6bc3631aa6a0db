"""A database is brought to the tables of this release, by any number of processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import store.tables  # noqa: F401 # defines what metadata knows
from store.database import connect
from store.migrate import upgrade
from store.tables.metadata import metadata
from tests.databases import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
UPGRADE = (
    "import sys; from store.database import connect; from store.migrate import upgrade; upgrade(connect(sys.argv[1]))"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.fresh(tmp_path)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for schema in sa.inspect(connection).get_schema_names():
            if not schema.startswith(("pg_", "information_schema")):
                connection.execute(sa.text(f'DROP SCHEMA "{schema}" CASCADE'))
        connection.execute(sa.text("CREATE SCHEMA public"))
    yield url
    postgres.drop(url)


def differences(engine: sa.Engine) -> list[object]:
    """What the database has otherwise than `store/tables.py`; DBOS's own tables do not count."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _thing, name, kind, *_: kind != "table" or name in metadata.tables},
        )
        return list(compare_metadata(context, metadata))


def test_a_migrated_database_has_exactly_our_tables(engine: sa.Engine) -> None:
    assert differences(engine) == []


def test_migrating_again_changes_nothing(engine: sa.Engine) -> None:
    upgrade(engine)
    upgrade(engine)
    assert differences(engine) == []


def test_two_processes_migrate_one_empty_database(empty_url: str) -> None:
    command = [sys.executable, "-c", UPGRADE, empty_url]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603
    for process in started:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    engine = connect(empty_url)
    assert differences(engine) == []
    engine.dispose()
