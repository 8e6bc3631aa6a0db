"""Leases on cases: who works at what, and until when."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store import cases
from store.arrivals import New, add_all
from store.tables import cases as table
from store.tables import deliveries

LEASE = timedelta(seconds=15)


def arrive(engine: sa.Engine, *numbers: int, wake: bool = False, per_case: int = 1) -> list[str]:
    """Deliveries that are due now; their cases."""
    names = [f"webcrm:{number}" for number in numbers]
    new = [
        New("webcrm", f"{name}-{n}", name, "ticket.closing", "waiting", "{}", "{}", None)
        for name in names
        for n in range(per_case)
    ]
    with engine.begin() as connection:
        add_all(connection, new, datetime.now(UTC))
        if wake:
            cases.wake_workers(connection)
    return names


def claim(engine: sa.Engine, worker: str, free: int = 100, lease: timedelta = LEASE) -> list[str]:
    """What a worker leases."""
    with engine.begin() as connection:
        return sorted(cases.claim(connection, worker, lease, free))


def set_deliveries(engine: sa.Engine, **values: object) -> None:
    """Write columns of all deliveries."""
    with engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(**values))


def test_what_is_due_is_leased_once_until_it_is_given_back(engine: sa.Engine) -> None:
    names = arrive(engine, 1, 2, 3, per_case=2)
    assert claim(engine, "a") == names
    assert claim(engine, "b") == []
    with engine.begin() as connection:
        cases.release(connection, "b", names)  # not b's
        cases.release(connection, "a", names[:1])
    assert claim(engine, "b") == names[:1]


def test_no_more_is_leased_than_there_are_threads_for_and_the_oldest_first(engine: sa.Engine) -> None:
    arrive(engine, 3)
    arrive(engine, 1, 2)
    assert claim(engine, "a", free=1) == ["webcrm:3"]
    assert claim(engine, "b", free=9) == ["webcrm:1", "webcrm:2"]


def test_only_what_waits_and_is_due_is_leased(engine: sa.Engine) -> None:
    now = datetime.now(UTC)
    fates: list[dict[str, object]] = [
        {"state": "waiting", "due_at": now + timedelta(seconds=5)},
        {"state": "waiting", "due_at": None},
        {"state": "waiting", "due_at": None, "waits_for": "jira:main"},
        {"state": "dead", "due_at": None},
        {"state": "done", "due_at": None},
        {"state": "running"},  # without a lease there is none: a worker leases before it takes
    ]
    arrive(engine, 1)
    for fate in fates:
        set_deliveries(engine, **{"due_at": now, "waits_for": None, **fate})
        assert claim(engine, "a") == [], fate
    set_deliveries(engine, state="waiting", due_at=now)
    assert claim(engine, "a") == ["webcrm:1"]


def test_the_case_of_a_worker_that_is_gone_is_anybodys_when_its_lease_is_over(engine: sa.Engine) -> None:
    (name,) = arrive(engine, 1)
    assert claim(engine, "dead", lease=timedelta(0)) == [name]
    set_deliveries(engine, state="running")  # it died over it
    assert claim(engine, "a") == [name]
    assert claim(engine, "b") == []
    with engine.begin() as connection:
        cases.renew(connection, "dead", LEASE, [name])  # it only slept: the case is no longer its own
        assert connection.execute(sa.select(table.c.worker)).scalars().all() == ["a"]


def test_a_lease_is_renewed_and_can_be_ended_at_once(engine: sa.Engine) -> None:
    (name,) = arrive(engine, 1)
    assert claim(engine, "a", lease=timedelta(0)) == [name]
    with engine.begin() as connection:
        cases.renew(connection, "a", LEASE, [name])
    assert claim(engine, "b") == []
    with engine.begin() as connection:
        cases.abandon(connection, "a", [name])
    assert claim(engine, "b") == [name]


def test_workers_that_claim_at_the_same_moment_share_the_cases(engine: sa.Engine) -> None:
    names = arrive(engine, *range(40), per_case=3)
    barrier = threading.Barrier(4, timeout=20)

    def worker(name: str) -> list[str]:
        barrier.wait()
        mine: list[str] = []
        while some := claim(engine, name, free=5):
            mine += some
        return mine

    with ThreadPoolExecutor(4) as threads:
        shares = list(threads.map(worker, "abcd"))
    assert sorted(case for share in shares for case in share) == sorted(names)


def test_an_idle_worker_is_woken_when_something_is_due(engine: sa.Engine) -> None:
    wake_ups = cases.wake_ups(engine)
    while next(wake_ups):  # what there may have been before
        pass
    arrive(engine, 1, wake=True)
    assert next(wake_ups)
    wake_ups.close()


def test_claiming_reads_no_table_from_end_to_end(engine: sa.Engine) -> None:
    arrive(engine, *range(300), per_case=3)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    asked: list[tuple[str, Any]] = []
    with engine.begin() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        assert len(cases.claim(connection, "a", LEASE, 1)) == 1
        explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = str(connection.exec_driver_sql(f"{explain} {asked[0][0]}", asked[0][1]).all())
    assert "ix_deliveries_due" in plan, plan
    assert "Seq Scan on deliveries" not in plan, plan
