"""The engine: what each database needs to be quick and safe."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import database, systems
from store.database import connect
from store.tables import pauses
from tests.databases import Postgres

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_connection_that_died_while_it_rested_is_replaced(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "REST_SECONDS", 0)
    engine = connect(postgres.fresh(tmp_path), pool_size=1)
    mine = sa.text("SELECT pg_backend_pid()")
    with engine.connect() as connection:
        first = connection.execute(mine).scalar()
    admin = sa.create_engine(engine.url, poolclass=sa.NullPool)
    with admin.connect() as other:
        assert other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": first}).scalar()
    with engine.connect() as connection:
        assert connection.execute(mine).scalar() != first
    engine.dispose()


def test_an_error_of_the_database_does_not_tell_what_was_written(engine: sa.Engine) -> None:
    statement = sa.text("INSERT INTO nowhere VALUES (:text)")
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as error:
        connection.execute(statement, {"text": "a seller's words"})
    assert "a seller's words" not in str(error.value)


def test_sqlite_waits_for_its_turn_keeps_what_it_acknowledged_and_has_few_connections(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/new/folder/a.sqlite")
    with engine.connect() as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                 ("journal_mode", "busy_timeout", "synchronous", "foreign_keys")}  # fmt: skip
        driver = connection.connection.dbapi_connection
        assert driver is not None
        assert driver.isolation_level == "IMMEDIATE"
    assert asked == {"journal_mode": "wal", "busy_timeout": 30_000, "synchronous": 2, "foreign_keys": 1}
    assert isinstance(engine.pool, sa.QueuePool)
    assert (engine.pool.size(), engine.pool._max_overflow) == (2, 0)
    engine.dispose()


def test_writers_wait_for_each_other(engine: sa.Engine) -> None:
    systems_counted = 20

    def count() -> None:
        for _ in range(systems_counted):
            with engine.begin() as connection:
                systems.count_failure(connection, "jira:main")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with engine.connect() as connection:
        gate = systems.gate(connection, "jira:main")
    assert gate is not None
    assert gate.failures == 4 * systems_counted


def test_moments_come_back_in_utc_and_naive_ones_are_refused(engine: sa.Engine) -> None:
    moscow = NOW.astimezone(timezone(timedelta(hours=3)))
    with engine.begin() as connection:
        systems.pause(connection, "jira:main", moscow, None)
        kept = connection.execute(sa.select(pauses.c.until)).scalar_one()
    assert kept == NOW
    assert kept.utcoffset() == timedelta()
    with pytest.raises(sa.exc.StatementError, match="naive"), engine.begin() as connection:
        systems.pause(connection, "jira:main", datetime(2026, 11, 20), None)
