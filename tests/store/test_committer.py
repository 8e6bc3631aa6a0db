"""Group commit: many writes share one transaction, and none pays for another's fault."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

import store.database
from store import systems
from store.committer import MAX_BATCH, Committer, Once, one_by_one
from store.database import BUSY_TIMEOUT_MS, SecondConnectionError, connect
from tests.databases import Sqlite

Write = Callable[[sa.Connection], bool]


def commits(engine: sa.Engine) -> list[object]:
    """A list that grows with each commit."""
    seen: list[object] = []
    sa.event.listen(engine, "commit", seen.append)
    return seen


def test_a_write_that_fails_does_not_hurt_the_others_of_its_batch(engine: sa.Engine) -> None:
    committer = Committer[Write, bool](engine, one_by_one)
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
    committer = Committer[Write, bool](engine, one_by_one)
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


def test_who_comes_alone_writes_in_its_own_thread(engine: sa.Engine) -> None:
    threads = Committer[Callable[[], int], int](engine, lambda _, items: [item() for item in items])
    for _ in range(2):
        assert threads.commit(threading.get_ident) == threading.get_ident()


def test_a_thread_that_is_broken_off_leaves_none_waiting(engine: sa.Engine) -> None:
    committer = Committer[Write, bool](engine, one_by_one)
    hold, held = threading.Event(), threading.Event()

    def first(_: sa.Connection) -> bool:
        held.set()
        return hold.wait(20)

    def broken_off(_: sa.Connection) -> bool:
        raise SystemExit

    with ThreadPoolExecutor(3) as threads:
        waiting = threads.submit(committer.commit, first)
        assert held.wait(20)
        broken = [threads.submit(committer.commit, broken_off), threads.submit(committer.commit, lambda _: True)]
        while len(committer._jobs) < len(broken):
            threading.Event().wait(0.005)
        hold.set()
        assert waiting.result(20)
        for one in broken:
            with pytest.raises(SystemExit):
                one.result(20)
    assert committer.commit(lambda _: True)


def test_who_holds_a_connection_is_refused_even_where_another_would_write(engine: sa.Engine) -> None:
    committer = Committer[Write, bool](engine, one_by_one)
    hold, held = threading.Event(), threading.Event()

    def first(_: sa.Connection) -> bool:
        held.set()
        return hold.wait(20)

    def with_a_connection() -> bool:
        with engine.connect():
            return committer.commit(lambda _: True)

    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(committer.commit, first)
        assert held.wait(20)
        refused = threads.submit(with_a_connection)
        try:
            assert isinstance(refused.exception(5), SecondConnectionError)
        finally:
            hold.set()
        assert writing.result(20)


def test_what_failed_is_not_tried_again_when_its_batch_is_repeated(engine: sa.Engine) -> None:
    committer = Committer[Write, bool](engine, one_by_one)
    hold, held, calls = threading.Event(), threading.Event(), Counter[str]()

    def first(_: sa.Connection) -> bool:
        held.set()
        return hold.wait(20)

    def good(_: sa.Connection) -> bool:
        calls["good"] += 1
        return True

    def failing(connection: sa.Connection) -> bool:
        calls["failing"] += 1
        return connection.execute(sa.text("SELECT nothing FROM nowhere")).scalar_one() is None

    with ThreadPoolExecutor(3) as threads:
        waiting = threads.submit(committer.commit, Once(first))
        assert held.wait(20)
        others = [threads.submit(committer.commit, Once(one)) for one in (good, failing)]
        while len(committer._jobs) < len(others):
            threading.Event().wait(0.005)
        hold.set()
        assert waiting.result(20)
        assert others[0].result(20)
        with pytest.raises(sa.exc.DBAPIError):
            others[1].result(20)
    assert calls["failing"] == 1
    assert calls["good"] in (1, 2)  # by which of the two came first


def test_who_waits_for_an_acknowledgement_has_the_write_lock_before_it_reads(sqlite: Sqlite, tmp_path: Path) -> None:
    engine = connect(sqlite.fresh(tmp_path))
    other = sa.create_engine(engine.url, poolclass=sa.NullPool)
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(Committer[Write, bool](engine, one_by_one).commit, is_locked)
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
            Committer[Write, bool](engine, one_by_one).commit(is_locked)
        holder.rollback()
    assert Committer[Write, bool](engine, one_by_one).commit(is_locked)
    engine.dispose()


def is_locked(connection: sa.Connection) -> bool:
    """Whether the transaction has SQLite's write lock already."""
    raw = connection.connection.driver_connection
    return isinstance(raw, sqlite3.Connection) and raw.in_transaction
