"""The queue that all workers share: leases on cases.

A case is due when one of its deliveries is. A worker leases it, so that its deliveries run one after the other, renews
the lease with its sign of life, and gives it back. A lease that is over is anybody's: nothing has to be handed on when
a worker dies, because what is due stands in `deliveries`.
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
_LOOK_SECONDS = 0.01  # between two looks at SQLite, each some 10 µs
_HEAR_SECONDS = 0.5  # after which somebody who waits for PostgreSQL asks whether to go on

# `due_at <= :now` by the index of what waits; what others lease is passed over
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


# PostgreSQL's workers pass over what another one is claiming at this moment; SQLite has one writer at a time
_CLAIMS = {"postgresql": _statement(_CLAIM, "FOR UPDATE SKIP LOCKED"), "sqlite": _statement(_CLAIM)}
_OURS = (
    cases.c.worker == sa.bindparam("the_worker"),
    cases.c.case_id.in_(sa.bindparam("held", expanding=True)),
)
_KEEP = sa.update(cases).where(*_OURS).values(until=sa.bindparam("the_end"))
_RELEASE = sa.delete(cases).where(*_OURS)
_NOTIFY = sa.text(f"SELECT pg_notify('{_CHANNEL}', '')")


def claim(connection: sa.Connection, worker: str, lease: timedelta, free: int) -> list[str]:
    """Lease at most `free` cases that have something due, or whose worker is gone."""
    now = datetime.now(UTC)
    given = {"worker": worker, "now": now, "until": now + lease, "free": free}
    return list(connection.execute(_CLAIMS[connection.dialect.name], given).scalars())


def renew(connection: sa.Connection, worker: str, lease: timedelta, held: Sequence[str]) -> None:
    """Keep the cases that this worker knows it holds; what another one has by now stays that one's."""
    _keep(connection, worker, held, datetime.now(UTC) + lease)


def abandon(connection: sa.Connection, worker: str, held: Sequence[str]) -> None:
    """End leases at once: whoever comes next runs what was running."""
    _keep(connection, worker, held, datetime.now(UTC))


def _keep(connection: sa.Connection, worker: str, held: Sequence[str], until: datetime) -> None:
    if held:
        connection.execute(_KEEP, {"the_worker": worker, "held": held, "the_end": until})


def release(connection: sa.Connection, worker: str, held: Sequence[str]) -> None:
    """Give cases back in which nothing runs."""
    if held:
        connection.execute(_RELEASE, {"the_worker": worker, "held": held})


def wake_workers(connection: sa.Connection) -> None:
    """Tell idle workers that something will be due when this transaction ends; SQLite's look for themselves."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


def wake_ups(engine: sa.Engine) -> Generator[bool, None, None]:
    """Yield True when something may have become due, False now and then when not; raises when the database is away.

    Close it: it has a connection of its own.
    """
    return _heard(engine) if engine.dialect.name == "postgresql" else _looked(engine)


def _heard(engine: sa.Engine) -> Generator[bool, None, None]:
    """By `LISTEN`, on a connection of its own."""
    driver: Any = engine.dialect.dbapi  # psycopg, which is not imported where SQLite is the database
    given, named = engine.dialect.create_connect_args(engine.url)
    named = {**named, "autocommit": True, "connect_timeout": CONNECT_SECONDS}
    try:
        with closing(driver.connect(*given, **named)) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            yield True  # something may have come before
            while True:
                yield bool(list(connection.notifies(timeout=_HEAR_SECONDS, stop_after=1)))
    except driver.OperationalError as error:
        raise sa.exc.OperationalError("LISTEN", None, error) from error


def _looked(engine: sa.Engine) -> Generator[bool, None, None]:
    """By asking, on a connection of its own: a file tells nobody that it was written to.

    Past SQLAlchemy, which takes fifteen times as long as the database.
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
