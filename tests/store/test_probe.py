"""Whether anything can be written: what answers questions may still take no events."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from store import probe
from store.probe import WriteProbe
from tests.databases import Sqlite

LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE"}
COUNT = "SELECT count(*) FROM write_probes"


@pytest.fixture(autouse=True)
def always_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was known before counts."""
    monkeypatch.setattr(probe, "GOOD_FOR", 0)
    monkeypatch.setattr(probe, "BAD_FOR", 0)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else holds the lock that every event needs."""
    other = sa.create_engine(url, poolclass=sa.NullPool)
    with other.connect() as connection:
        connection.exec_driver_sql(LOCK[connection.dialect.name])
        yield
        connection.rollback()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_can_be_written_to_passes_and_keeps_one_row(engine: sa.Engine, database_url: str) -> None:
    for _ in range(3):
        WriteProbe(database_url).check()
    with engine.connect() as connection:
        assert connection.execute(sa.text(COUNT)).scalar() == 1


def test_a_lock_that_lasts_is_told_and_its_end_too(engine: sa.Engine, database_url: str) -> None:
    asked = WriteProbe(database_url, limit=0.3)
    with locked(database_url), pytest.raises(SQLAlchemyError):
        asked.check()
    asked.check()


def test_a_read_only_sqlite(sqlite: Sqlite, tmp_path: Path) -> None:
    url = sqlite.fresh(tmp_path).replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    with pytest.raises(SQLAlchemyError, match="readonly"):
        WriteProbe(url).check()


def test_a_read_only_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue("postgres").fresh(tmp_path)
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        name = connection.execute(sa.text("SELECT current_database()")).scalar()
        connection.execute(sa.text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    with pytest.raises(SQLAlchemyError, match="read-only"):
        WriteProbe(url).check()
    request.getfixturevalue("postgres").drop(url)


def test_a_full_disk_under_sqlite(sqlite: Sqlite, tmp_path: Path) -> None:
    asked = WriteProbe(sqlite.fresh(tmp_path))
    asked.check()
    with full_disk(), pytest.raises(SQLAlchemyError):
        asked.check()
    asked.check()


def test_however_often_it_is_asked_it_writes_once_in_a_while(
    engine: sa.Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "GOOD_FOR", 3600)
    asked = WriteProbe(database_url)
    asked.check()
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM write_probes"))
    for _ in range(10):
        asked.check()
    with engine.connect() as connection:
        assert connection.execute(sa.text(COUNT)).scalar() == 0
