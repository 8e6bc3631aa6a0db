"""The engine: what each database needs to be quick and safe."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from store import database, systems
from store.database import SecondConnectionError, connect
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
        breaker = systems.breaker(connection, "jira:main")
    assert breaker is not None
    assert breaker.failures == 4 * systems_counted


def test_moments_come_back_in_utc_and_naive_ones_are_refused(engine: sa.Engine) -> None:
    moscow = NOW.astimezone(timezone(timedelta(hours=3)))
    with engine.begin() as connection:
        systems.set_rate_limit(connection, "jira:main", moscow, None)
        kept = connection.execute(sa.select(pauses.c.until)).scalar_one()
    assert kept == NOW
    assert kept.utcoffset() == timedelta()
    with pytest.raises(sa.exc.StatementError, match="naive"), engine.begin() as connection:
        systems.set_rate_limit(connection, "jira:main", datetime(2026, 11, 20), None)


def test_a_thread_that_holds_a_connection_gets_no_second_one(database_url: str) -> None:
    engine = connect(database_url, pool_size=2)
    with engine.begin(), pytest.raises(SecondConnectionError, match="read through the connection that you were given"):
        engine.connect()
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    engine.dispose()


def test_what_a_late_thread_asks_for_is_closed(database_url: str) -> None:
    """An engine that was disposed of opens a new pool for whoever comes later; nobody would close that one."""
    engine = connect(database_url)
    engine.dispose()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    pool = engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert (pool.checkedin(), pool.checkedout()) == (0, 0)


def test_it_is_told_so_at_once_even_where_all_connections_are_taken(database_url: str) -> None:
    engine = connect(database_url, pool_size=2)
    taken, over = threading.Event(), threading.Event()

    def take() -> None:
        with engine.connect():
            taken.set()
            over.wait(30)

    other = threading.Thread(target=take)
    other.start()
    assert taken.wait(30)
    with engine.connect(), pytest.raises(SecondConnectionError):
        engine.connect()
    over.set()
    other.join()
    engine.dispose()


def test_a_connection_that_another_thread_gives_back_is_held_no_more(database_url: str) -> None:
    engine = connect(database_url, pool_size=2)
    connection = engine.connect()
    thread = threading.Thread(target=connection.close)
    thread.start()
    thread.join()
    engine.connect().close()
    engine.dispose()


def test_a_connection_that_is_given_back_to_a_pool_which_is_no_more_is_closed(database_url: str) -> None:
    engine = connect(database_url)
    connection = engine.connect()
    raw = connection.connection.dbapi_connection
    assert raw is not None
    engine.dispose()  # as at the end of a process, while a thread still asks
    connection.close()
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        raw.cursor().execute("SELECT 1")


@pytest.mark.parametrize("loss", ["invalidate", "detach"])
def test_a_connection_that_was_lost_is_held_no_more(database_url: str, loss: str) -> None:
    engine = connect(database_url, pool_size=2)
    with engine.connect() as connection:
        getattr(connection, loss)()
    engine.connect().close()
    engine.dispose()


def test_a_database_that_cannot_be_reached_leaves_nothing_held(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/folder/a.sqlite")
    (tmp_path / "folder").rmdir()
    for _ in range(3):
        with pytest.raises(sa.exc.OperationalError):
            engine.connect()
    engine.dispose()


def test_a_process_that_sleeps_in_a_transaction_loses_its_locks(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ASLEEP_SECONDS", 1)
    url = postgres.fresh(tmp_path)
    sleeper, other = database.connect(url), database.connect(url)
    lock = sa.text("LOCK TABLE systems")

    def take_over() -> None:
        with other.begin() as connection:
            connection.execute(sa.text("SET LOCAL lock_timeout = '20s'"))
            connection.execute(lock)

    with sleeper.connect() as asleep:
        asleep.execute(lock)
        with ThreadPoolExecutor(1) as threads:
            threads.submit(take_over).result()
        with pytest.raises(sa.exc.InternalError):
            asleep.execute(sa.text("SELECT 1"))
    sleeper.dispose()
    other.dispose()
    postgres.drop(url)


def test_a_connection_that_cannot_be_prepared_is_closed() -> None:
    class Connection:
        closed = False

        def execute(self, _statement: str) -> None:
            raise TimeoutError

        def close(self) -> None:
            self.closed = True

    made = Connection()
    with pytest.raises(TimeoutError):
        database._prepare_postgresql(made, None)
    assert made.closed
