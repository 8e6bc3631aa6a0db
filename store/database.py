"""One engine per process, with what each database needs to be fast and safe."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import math
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from store.dialect import is_postgresql
from store.types import Moment, to_json

BUSY_TIMEOUT_MS = 30_000
CONNECT_SECONDS = 5
ASLEEP_SECONDS = 15  # as long as a worker's lease lasts (`worker_lease` as shipped)
REST_SECONDS = 1
_EAGER_MS = 5  # between two tries for SQLite's write lock by callers that must not wait
_PRIMARY = 0xFF  # of SQLite's error codes: the higher bits only add detail
_MIGRATION_LOCK = 7_310_421  # any fixed number: PostgreSQL's advisory lock for migrations
_LOCK_SECONDS = 0.2  # between two tries for that lock
_NO_TRANSACTION: Any = {"isolation_level": "AUTOCOMMIT"}


class SecondConnectionError(RuntimeError):
    """A thread that holds a connection asked for another one: a bug, not a fault of the database."""

    def __init__(self) -> None:
        super().__init__("this thread holds a connection already: read through the connection that you were given")


class OnePerThread(sa.QueuePool):
    """A pool that gives each thread one connection at a time, and refuses a second one at once, instead of waiting.

    Threads that hold one connection and wait for another starve each other. On SQLite two are enough for that: one in a
    transaction waits for the last connection, whose holder waits for that transaction's write lock.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._holders: dict[ConnectionPoolEntry, threading.Thread] = {}
        self._is_over = False

    def dispose(self) -> None:
        """Close idle connections; those in use are closed when they are returned, or nobody would close them."""
        self._is_over = True
        super().dispose()

    def recreate(self) -> OnePerThread:
        """Return the pool that replaces a disposed one; it does not keep connections returned late either."""
        made = super().recreate()
        assert isinstance(made, OnePerThread)  # noqa: S101 # for the type alone
        made._is_over = self._is_over
        return made

    def refuse_second(self) -> None:
        """Raise SecondConnectionError if this thread holds a connection."""
        if threading.current_thread() in list(self._holders.values()):
            raise SecondConnectionError

    def _do_get(self) -> ConnectionPoolEntry:
        self.refuse_second()
        record = super()._do_get()
        self._holders[record] = threading.current_thread()  # by record, because another thread may return it
        return record

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        del self._holders[record]
        super()._do_return_conn(record)
        if self._is_over:
            super().dispose()


def connect(url: str, *, pool_size: int = 12) -> sa.Engine:
    """Make the engine for `url`; `pool_size` is for PostgreSQL.

    On SQLite more than two connections do not help (20 halve the throughput); writers take the write lock at their
    first write (`BEGIN IMMEDIATE`), so they wait for each other and never deadlock.
    """
    if not url.startswith("sqlite"):
        engine = _engine(url, pool_size, connect_args={"connect_timeout": CONNECT_SECONDS})
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "checkin", _remember_use)
        event.listen(engine, "checkout", _ping_after_rest)
        return engine
    path = sa.make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(url, pool_size=2)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _engine(url: str, pool_size: int, **given: object) -> sa.Engine:
    pool: dict[str, object] = {"poolclass": OnePerThread, "pool_size": pool_size, "max_overflow": 0}
    return sa.create_engine(url, json_serializer=to_json, hide_parameters=True, **pool, **given)


def _remember_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _ping_after_rest(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Check that a connection that was idle is still alive; otherwise the pool replaces it.

    The pool's own `pool_pre_ping` checks each time, which is a sixth of the round trips for accepting a delivery.
    """
    if time.monotonic() - record.info.get("used", math.inf) < REST_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """End the session of a client that stalls in a transaction, such as a suspended virtual machine, to free its locks.

    Not set in the connection's URL, because PgBouncer rejects options that it does not know.
    """
    try:
        connection.execute(f"SET idle_in_transaction_session_timeout = '{ASLEEP_SECONDS}s'")
        connection.commit()
    except BaseException:
        connection.close()  # it is not in the pool yet
        raise


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def refuse_second_connection(engine: sa.Engine) -> None:
    """Raise SecondConnectionError if this thread holds a connection: before it waits for a thread that needs one."""
    if isinstance(engine.pool, OnePerThread):
        engine.pool.refuse_second()


def reading(engine: sa.Engine) -> sa.Connection:
    """Return a connection for look-ups, without a transaction, whose begin and end are a round trip each on PostgreSQL.

    SQLite begins none before the first write.
    """
    connection = engine.connect()
    return connection.execution_options(**_NO_TRANSACTION) if is_postgresql(connection) else connection


def take_write_lock(connection: sa.Connection) -> None:
    """Take SQLite's write lock ahead of others that wait for it; PostgreSQL has none.

    A waiting writer sleeps up to 100 ms between tries, so a process that writes all the time outruns one that writes
    now and then. This one tries every few milliseconds: for short transactions that somebody is waiting for.
    """
    if is_postgresql(connection):
        return
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 # for the type alone
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    raw.execute(f"PRAGMA busy_timeout={_EAGER_MS}")
    try:
        while not _locked(raw, deadline):
            pass
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _locked(raw: sqlite3.Connection, deadline: float) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
            raise sa.exc.OperationalError("BEGIN IMMEDIATE", None, error) from error
        return False
    return True


def listed(dialect: str, *columns: str) -> str:
    """Return a FROM clause that makes the bind parameter `:rows`, a JSON list of objects of texts, a table `r`.

    This way many rows are one statement with a constant text. That matters: each call into SQLite releases the
    interpreter lock and may wait 5 ms to get it back, and each call to PostgreSQL is a round trip.
    """
    if dialect == "postgresql":
        return f"json_to_recordset(CAST(:rows AS json)) AS r({', '.join(f'{name} text' for name in columns)})"
    picked = ", ".join(f"value ->> '{name}' AS {name}" for name in columns)
    return f"(SELECT {picked} FROM json_each(:rows)) AS r"  # noqa: S608 # the names are our own


@functools.cache
def over_rows(dialect: str, statement: str, columns: tuple[str, ...], moments: tuple[str, ...] = ()) -> sa.TextClause:
    """Return a statement with its `{rows}` replaced by `listed`; `moments` are the parameters that are moments.

    Cached per database, because making it costs more than running it.
    """
    text = sa.text(statement.format(rows=listed(dialect, *columns)))
    return text.bindparams(*(sa.bindparam(name, type_=Moment()) for name in moments))


@contextlib.contextmanager
def migration_lock(connection: sa.Connection) -> Iterator[None]:
    """Let one process at a time migrate the database, with the given connection.

    `CREATE INDEX CONCURRENTLY` waits for every open transaction, so neither the holder of the lock nor those that wait
    for it have one.
    """
    if is_postgresql(connection):
        key = {"key": _MIGRATION_LOCK}
        while not _alone(connection, "SELECT pg_try_advisory_lock(:key)", key):
            time.sleep(_LOCK_SECONDS)
        try:
            yield
        finally:
            connection.rollback()
            _alone(connection, "SELECT pg_advisory_unlock(:key)", key)
        return
    with open(f"{connection.engine.url.database}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _alone(connection: sa.Connection, statement: str, values: Mapping[str, object]) -> Any:
    """Return the answer to a statement executed in a transaction of its own."""
    answer = connection.execute(sa.text(statement), values).scalar()
    connection.commit()
    return answer
