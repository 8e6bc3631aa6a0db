"""Holds in the store: one open hold per ticket whoever races, and every question asked of them has its index."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import board, board_choices, holds
from store.board import Scale, Wanted
from store.tables import holds as table
from store.tables import timers
from tests.store.crowds import many_deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROWS = 3000
SCALE = Scale(NOW + timedelta(days=9), dict.fromkeys(board.KINDS, 1.0), 3.0, lambda _: NOW - NOW)


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The columns of a new hold."""
    made = {"source": "webcrm", "ticket_id": str(number), "kind": "ozon", "stage": "begun", "due_at": NOW}
    return {**made, "site": "main", "issue_id": str(10_000 + number), "seller_id": f"s{number % 500}", **changes}


def test_two_who_race_for_one_ticket_begin_one_hold(engine: sa.Engine) -> None:
    start = threading.Barrier(2)

    def begin() -> bool:
        start.wait(10)
        try:
            with engine.begin() as connection:
                holds.begin(connection, row(), NOW)
        except sa.exc.IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(begin) for _ in range(2)]
        assert sorted(one.result(30) for one in both) == [False, True]
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 1
        assert connection.execute(sa.select(timers.c.state)).scalars().all() == ["pending"]


def test_a_ticket_may_have_one_hold_after_the_other(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = holds.begin(connection, row(), NOW)
        holds.end(connection, first, why="replaced", by="a17", now=NOW)
        second = holds.begin(connection, row(kind="seller"), NOW)
        found = holds.open_of_ticket(connection, "webcrm", "1")
        assert found is not None
        assert (found.id, found.kind) == (second, "seller")
        assert holds.open_of_issue(connection, "main", "10001") == found


def test_an_ended_hold_stays_as_it_is_and_its_timer_is_silent(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        number = holds.begin(connection, row(), NOW)
        holds.end(connection, number, why="answered", by="seller", now=NOW)
        holds.end(connection, number, why="solved", by="agent", now=NOW + timedelta(hours=1))
        kept = connection.execute(sa.select(table)).one()
        assert (kept.ended_why, kept.answered_by, kept.answered_at, kept.ended_at) == ("answered", "seller", NOW, NOW)
        assert connection.execute(sa.select(timers.c.state)).scalars().all() == ["cancelled"]
        assert holds.open_of_ticket(connection, "webcrm", "1") is None


def test_a_sellers_newest_come_first(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for number in range(4):
            holds.begin(connection, row(number, awaited_key="QC-1"), NOW + timedelta(hours=number))
        holds.end(connection, 2, why="solved", by=None, now=NOW)
        assert [hold.ticket_id for hold in holds.open_awaiting_issue(connection, "QC-1")] == ["0", "2", "3"]


@pytest.fixture
def crowded(engine: sa.Engine) -> sa.Engine:
    """A database with many holds, most of them ended, as it is after years."""
    many = [
        {**row(number), "since": NOW + timedelta(minutes=number), "awaited_key": f"QC-{number}"}
        | {"ended_at": None if number % 10 == 0 else NOW}
        for number in range(ROWS)
    ]
    rung = [
        {"key": holds.timer_key(n), "kind": "hold", "made_at": NOW, "due_at": NOW + timedelta(minutes=n)}
        | {"state": "pending" if n % 10 == 0 else "cancelled"}
        for n in range(ROWS)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(table), many)
        connection.execute(sa.insert(timers), rung)
        many_deliveries(connection, ROWS, NOW)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return engine


def due_timers(connection: sa.Connection) -> object:
    """The timers whose moment has come."""
    due = sa.select(timers.c.key).where(timers.c.state == "pending", timers.c.due_at <= NOW + timedelta(minutes=20))
    return connection.execute(due.order_by(timers.c.due_at)).all()


QUESTIONS: dict[str, Callable[[sa.Connection], object]] = {
    "ix_holds_oldest_open": lambda connection: board.page(connection, Wanted(kind="ozon"), SCALE).rows,
    "uq_holds_open": lambda connection: holds.open_of_ticket(connection, "webcrm", "1230"),
    "ix_holds_issue": lambda connection: holds.open_of_issue(connection, "main", "11230"),
    "ix_holds_awaited_issue": lambda connection: holds.open_awaiting_issue(connection, "QC-1230"),
    "ix_alarms_due": due_timers,
}


@pytest.mark.parametrize("index", QUESTIONS)
def test_each_question_uses_its_index(crowded: sa.Engine, index: str) -> None:
    asked: list[tuple[str, Any]] = []
    with crowded.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        assert QUESTIONS[index](connection)
        statement, values = asked[0]
        explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = str(connection.exec_driver_sql(f"{explain} {statement}", values).all())
    assert index in plan, plan
    assert "Seq Scan" not in plan
    assert "SCAN holds" not in plan.replace(f"SCAN holds USING INDEX {index}", ""), plan


def test_who_has_open_holds_is_read_from_an_index(crowded: sa.Engine) -> None:
    explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    asked: list[tuple[str, Any]] = []
    with crowded.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        board_choices.owners(connection, ["webcrm"])
        statement, values = asked[-1]
        plan = str(connection.exec_driver_sql(f"{explain} {statement}", values).all())
    assert "ix_holds_open_owner" in plan, plan
    assert "Seq Scan" not in plan
