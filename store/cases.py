"""The queue shared by all workers: leases on cases.

A case is due when one of its deliveries is. A worker leases it, so that its deliveries run one after the other, renews
the lease with its sign of life, and gives it back. An expired lease can be taken by anybody: nothing has to be handed
over when a worker dies, because `deliveries` contains what is due.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store.database import CONNECT_SECONDS
from store.tables import cases
from store.types import Moment

_CHANNEL = "smezhnik_cases"
_LOOK_SECONDS = 0.01  # between two queries to SQLite, each about 10 µs
_HEAR_SECONDS = 0.5  # after which a wait for PostgreSQL returns to check whether to continue

# `due_at <= :now` uses the index of waiting rows; cases leased by others are skipped
_DUE = """
    SELECT d.case_id FROM deliveries d WHERE d.state = 'waiting' AND d.due_at <= :now
    AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.case_id = d.case_id AND c.until > :now)
    ORDER BY d.due_at LIMIT :free {lock}
"""
_CLAIM = """
    INSERT INTO cases (case_id, worker, until) SELECT case_id, :worker, :until FROM (
        SELECT case_id FROM cases WHERE until <= :now UNION SELECT case_id FROM ({due}) AS due
    ) AS free WHERE true LIMIT :free
    ON CONFLICT (case_id) DO UPDATE SET worker = excluded.worker, until = excluded.until WHERE cases.until <= :now
    RETURNING case_id
"""
_ANY = "SELECT EXISTS (SELECT 1 FROM cases WHERE until <= :now) OR EXISTS (SELECT 1 FROM ({due}) AS due)"


def _statement(text: str, lock: str = "") -> sa.TextClause:
    moments = [name for name in ("now", "until") if f":{name}" in text + _DUE]
    return sa.text(text.format(due=_DUE.format(lock=lock))).bindparams(
        *(sa.bindparam(name, type_=Moment()) for name in moments)
    )


# PostgreSQL's workers skip what another one is claiming right now; SQLite has one writer at a time
_CLAIMS = {"postgresql": _statement(_CLAIM, "FOR UPDATE SKIP LOCKED"), "sqlite": _statement(_CLAIM)}
_OURS = (
    cases.c.worker == sa.bindparam("the_worker"),
    cases.c.case_id.in_(sa.bindparam("held", expanding=True)),
)
_KEEP = sa.update(cases).where(*_OURS).values(until=sa.bindparam("the_end"))
_RELEASE = sa.delete(cases).where(*_OURS)
_NOTIFY = sa.text(f"SELECT pg_notify('{_CHANNEL}', '')")


def claim(connection: sa.Connection, worker: str, lease: timedelta, free: int) -> list[str]:
    """Lease at most `free` cases that have something due, or whose lease has expired."""
    now = datetime.now(UTC)
    given = {"worker": worker, "now": now, "until": now + lease, "free": free}
    return list(connection.execute(_CLAIMS[connection.dialect.name], given).scalars())


def renew(connection: sa.Connection, worker: str, lease: timedelta, held: Sequence[str]) -> None:
    """Renew the leases that this worker holds; those that another one has taken are left alone."""
    _keep(connection, worker, held, datetime.now(UTC) + lease)


def abandon(connection: sa.Connection, worker: str, held: Sequence[str]) -> None:
    """Let leases expire at once, so that another worker runs what was running."""
    _keep(connection, worker, held, datetime.now(UTC))


def _keep(connection: sa.Connection, worker: str, held: Sequence[str], until: datetime) -> None:
    if held:
        connection.execute(_KEEP, {"the_worker": worker, "held": held, "the_end": until})


def release(connection: sa.Connection, worker: str, held: Sequence[str]) -> None:
    """Give back cases in which nothing runs."""
    if held:
        connection.execute(_RELEASE, {"the_worker": worker, "held": held})


def wake_workers(connection: sa.Connection) -> None:
    """Wake idle workers when this transaction commits; on SQLite they poll."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


def wake_ups(engine: sa.Engine) -> Generator[bool, None, None]:
    """Yield True when something may have become due, and False now and then otherwise.

    Raises OperationalError when the database is away. Close it: it has a connection of its own.
    """
    return _heard(engine) if engine.dialect.name == "postgresql" else _looked(engine)


def _heard(engine: sa.Engine) -> Generator[bool, None, None]:
    """Wait with `LISTEN`, on a connection of its own."""
    driver: Any = engine.dialect.dbapi  # psycopg, which is not imported if the database is SQLite
    given, named = engine.dialect.create_connect_args(engine.url)
    named = {**named, "autocommit": True, "connect_timeout": CONNECT_SECONDS}
    try:
        with closing(driver.connect(*given, **named)) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            yield True  # something may have come in before
            while True:
                yield bool(list(connection.notifies(timeout=_HEAR_SECONDS, stop_after=1)))
    except driver.OperationalError as error:
        raise sa.exc.OperationalError("LISTEN", None, error) from error


def _looked(engine: sa.Engine) -> Generator[bool, None, None]:
    """Poll, on a connection of its own: nobody is notified of a write to a file.

    Without SQLAlchemy, which takes fifteen times as long as the database.
    """
    query = str(_statement(_ANY))
    written = Moment().bind_processor(engine.dialect)
    assert written is not None  # noqa: S101 # for the type alone
    try:
        with closing(sqlite3.connect(engine.url.database or "")) as connection:
            while True:
                time.sleep(_LOOK_SECONDS)
                yield bool(connection.execute(query, {"now": written(datetime.now(UTC)), "free": 1}).fetchone()[0])
    except sqlite3.OperationalError as error:
        raise sa.exc.OperationalError(query, None, error) from error
