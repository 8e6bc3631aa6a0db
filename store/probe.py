"""Whether anything can be written now: reads still work with a full disk or a read-only or locked database."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from store.dialect import insert_into, is_postgresql
from store.tables import deliveries
from store.tables.systems import write_probes

LIMIT = 5.0  # seconds to connect, and for each statement; a longer lock means that writing is impossible
GOOD_FOR = 10.0  # seconds for which a successful write is reported
BAD_FOR = 1.0  # seconds for which a failed write is reported
_ROW = "ready"


class WriteProbe:
    """Writes one row on a connection of its own, at most once in `GOOD_FOR` seconds however often it is called.

    While one thread writes, the others get the previous result, so that a lock holds up only one thread.
    """

    def __init__(self, url: str, limit: float | None = None) -> None:
        """`limit` defaults to `LIMIT`."""
        self._limit = limit or LIMIT
        self._engine = _engine(url, self._limit)
        self._writing = threading.Lock()
        self._known: SQLAlchemyError | None = None
        self._until = 0.0

    def check(self) -> None:
        """Raise SQLAlchemyError if nothing can be written."""
        if time.monotonic() >= self._until and self._writing.acquire(blocking=False):
            try:
                self._known = self._write()
                self._until = time.monotonic() + (BAD_FOR if self._known else GOOD_FOR)
            finally:
                self._writing.release()
        if self._known:
            raise self._known

    def _write(self) -> SQLAlchemyError | None:
        try:
            with self._engine.begin() as connection:
                if is_postgresql(connection):
                    connection.execute(sa.text(f"SET LOCAL statement_timeout = {self._limit * 1000:.0f}"))
                    # the table that takes events: fail if a lock keeps them out
                    connection.execute(sa.text(f"LOCK TABLE {deliveries.name} IN ROW EXCLUSIVE MODE"))
                values = {"written_at": datetime.now(UTC)}
                row = insert_into(connection, write_probes).values(name=_ROW, **values)
                connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
        except SQLAlchemyError as error:
            return error
        return None


def _engine(url: str, limit: float) -> sa.Engine:
    """Make an engine whose connections are closed after each use, and never wait longer than `limit`."""
    is_sqlite = url.startswith("sqlite")
    given = {"timeout": limit} if is_sqlite else {"connect_timeout": max(round(limit), 2)}
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, connect_args=given)
    if is_sqlite:
        sa.event.listen(engine, "connect", _write_at_once)
    return engine


def _write_at_once(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    connection.execute("PRAGMA synchronous=FULL")
