"""Group commit: many writes share one transaction, and none pays for another's fault."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

import runtime.committer
import store.database
from runtime.committer import MAX_BATCH, Committer
from store import systems
from store.database import BUSY_TIMEOUT_MS, connect
from tests.databases import Sqlite

Write = Callable[[sa.Connection], bool]


def one_by_one(connection: sa.Connection, writes: Sequence[Write]) -> list[bool]:
    """What is committed here are functions, called in turn."""
    return [write(connection) for write in writes]


def commits(engine: sa.Engine) -> list[object]:
    """A list that grows with each commit."""
    seen: list[object] = []
    sa.event.listen(engine, "commit", seen.append)
    return seen


def test_a_write_that_fails_does_not_hurt_the_others_of_its_batch(engine: sa.Engine) -> None:
    committer = Committer(engine, one_by_one)
    hold, held = threading.Event(), threading.Event()

    def first(_: sa.Connection) -> bool:
        held.set()
        return hold.wait(20)

    def write(number: int) -> bool:
        def one(connection: sa.Connection) -> bool:
            systems.count_failure(connection, f"system {number}")
            if number == 3:
                connection.execute(sa.text("SELECT nothing FROM nowhere"))
            return number % 2 == 0

        return committer.commit(one)

    with ThreadPoolExecutor(12) as threads:
        waiting = threads.submit(committer.commit, first)
        assert held.wait(20)  # the ten that follow gather behind it
        writes = [threads.submit(write, number) for number in range(10)]
        while len(committer._jobs) < len(writes):
            threading.Event().wait(0.005)
        count = commits(engine)
        hold.set()
        assert waiting.result(20)
        for number, done in enumerate(writes):
            if number == 3:
                with pytest.raises(sa.exc.DBAPIError):
                    done.result(20)
            else:
                assert done.result(20) is (number % 2 == 0)
    with engine.connect() as connection:
        assert {breaker.name: breaker.failures for breaker in systems.breakers(connection)} == {
            f"system {number}": 1 for number in range(10) if number != 3
        }
    assert len(count) == 10  # the first, and the nine, one by one, after their common transaction failed


def test_what_gathers_is_committed_at_once_up_to_a_bound(engine: sa.Engine) -> None:
    committer = Committer(engine, one_by_one)
    hold, held = threading.Event(), threading.Event()

    def first(_: sa.Connection) -> bool:
        held.set()
        return hold.wait(20)

    with ThreadPoolExecutor(MAX_BATCH + 5) as threads:
        waiting = [threads.submit(committer.commit, first)]
        assert held.wait(20)
        count = commits(engine)
        waiting += [threads.submit(committer.commit, lambda _: True) for _ in range(MAX_BATCH + 1)]
        while len(committer._jobs) < MAX_BATCH + 1:
            threading.Event().wait(0.005)
        hold.set()
        assert all(done.result(20) for done in waiting)
    assert len(count) == 3


def test_a_committer_that_nobody_needs_keeps_no_thread(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.committer, "IDLE_SECONDS", 0.05)
    committer = Committer(engine, one_by_one)
    for _ in range(2):
        assert committer.commit(lambda _: True)
        thread = committer._thread
        assert thread is not None
        thread.join(20)
        assert not thread.is_alive()
    writes = 40  # some come just when the thread is about to end
    for number in range(writes):
        threading.Event().wait(0.05 if number % 2 else 0.048)
        assert committer.commit(lambda _: True)


def test_who_waits_for_an_acknowledgement_has_the_write_lock_before_it_reads(sqlite: Sqlite, tmp_path: Path) -> None:
    engine = connect(sqlite.fresh(tmp_path))
    other = sa.create_engine(engine.url, poolclass=sa.NullPool)
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(Committer(engine, one_by_one).commit, is_locked)
            with pytest.raises(TimeoutError):
                waiting.result(0.1)  # somebody else has it
            holder.rollback()
            assert waiting.result(20)
    with engine.connect() as connection:  # later on its connection is as patient as before
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_TIMEOUT_MS
    engine.dispose()


def test_a_write_lock_that_nobody_gives_back_is_told(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.database, "BUSY_TIMEOUT_MS", 50)
    engine = connect(sqlite.fresh(tmp_path))
    other = sa.create_engine(engine.url, poolclass=sa.NullPool)
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            Committer(engine, one_by_one).commit(is_locked)
        holder.rollback()
    assert Committer(engine, one_by_one).commit(is_locked)
    engine.dispose()


def is_locked(connection: sa.Connection) -> bool:
    """Whether the transaction has SQLite's write lock already."""
    raw = connection.connection.driver_connection
    return isinstance(raw, sqlite3.Connection) and raw.in_transaction
