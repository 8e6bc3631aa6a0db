"""The clock: what is due or forgotten is nudged, dead workers are replaced, what nobody needs is deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from apscheduler.schedulers.blocking import BlockingScheduler
from dbos import DBOSClient

import runtime.clock
from desk.clock import machine_now
from runtime.clock import Clock
from store import systems
from store.tables import deliveries, pauses, seen_bodies
from tests.bot import Bot
from tests.runtime.test_nudges import send, set_rows
from tests.tickets import closing, ticket


@pytest.fixture
def clock(any_bot: Bot) -> Clock:
    """A clock over the bot's store."""
    return Clock(any_bot.engine, any_bot.process.office, any_bot.watch)


def arrive(bot: Bot, **values: Any) -> None:
    """One delivery, whose row is then written as a test wants it."""
    assert bot.crm(closing(ticket(), id="a1")) == 202
    with bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(**values))


def nudges(bot: Bot) -> int:
    """How many nudges were ever sent."""
    return len(DBOSClient(system_database_engine=bot.engine, lazy=True).list_workflows())


def ago(seconds: float) -> Any:
    """A moment of before."""
    return machine_now() - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({"due_at": 10, "nudged_at": 5}, 0),  # nudged, and not heard yet
        ({"due_at": 100, "nudged_at": 61}, 1),  # the nudge was lost
        ({"due_at": 1, "nudged_at": None}, 1),
        ({"due_at": -5, "nudged_at": None}, 0),
        ({"due_at": None, "nudged_at": None}, 0),
        ({"due_at": 100, "nudged_at": 61, "state": "running"}, 1),  # whoever ran it lost the database
        ({"due_at": 100, "nudged_at": 30, "state": "running"}, 0),
        ({"due_at": 100, "nudged_at": 61, "state": "dead"}, 0),
        ({"due_at": 100, "nudged_at": 61, "state": "done"}, 0),
    ],
)
def test_what_is_due_and_unheard_is_nudged_once(any_bot: Bot, clock: Clock, values: dict[str, Any], count: int) -> None:
    moments = {name: ago(value) if isinstance(value, int) else value for name, value in values.items()}
    arrive(any_bot, **moments)
    before = nudges(any_bot)
    assert clock.nudge_due() == count
    assert Clock(any_bot.engine, any_bot.process.office, any_bot.watch).nudge_due() == 0
    assert nudges(any_bot) == before + count


def test_the_deliveries_of_a_case_are_one_nudge(any_bot: Bot, clock: Clock) -> None:
    made = ticket()
    for name in ("a1", "a2", "a3"):
        any_bot.crm(closing(made, id=name))
    with any_bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(nudged_at=None))
    before = nudges(any_bot)
    assert clock.nudge_due() == 3
    assert nudges(any_bot) == before + 1


def test_the_work_of_a_silent_worker_is_handed_on_by_one_clock(
    any_bot: Bot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(any_bot.engine, "webcrm:1")
    set_rows(any_bot.engine, status="PENDING", executor_id="silent")
    with any_bot.engine.begin() as connection:
        systems.worker_seen(connection, "silent", ago(2))
        systems.worker_seen(connection, "living", machine_now())
        known = systems.workers_known(connection)
    assert clock.take_over() == 1
    set_rows(any_bot.engine, status="PENDING", executor_id="silent")  # as if a living worker had dequeued it
    monkeypatch.setattr(systems, "workers_known", lambda _: known)  # a clock that looked at the same moment
    assert Clock(any_bot.engine, any_bot.process.office, any_bot.watch).take_over() == 0
    monkeypatch.undo()
    with any_bot.engine.connect() as connection:
        assert [worker.executor_id for worker in systems.workers_known(connection)] == ["living"]


def test_a_clock_that_dies_over_it_leaves_the_worker_to_the_next_one(any_bot: Bot, clock: Clock) -> None:
    send(any_bot.engine, "webcrm:1")
    set_rows(any_bot.engine, status="PENDING", executor_id="silent")
    with any_bot.engine.begin() as connection:
        systems.worker_seen(connection, "silent", ago(100))
        assert systems.claim_gone(
            connection, "silent", seen_at=systems.workers_known(connection)[0].seen_at, now=ago(2)
        )
    assert clock.take_over() == 1


def test_what_nobody_needs_is_deleted(any_bot: Bot, clock: Clock) -> None:
    send(any_bot.engine, *(f"webcrm:{number}" for number in range(7)))
    set_rows(any_bot.engine, status="SUCCESS", completed_at=int(ago(3600).timestamp() * 1000))
    send(any_bot.engine, "webcrm:8")
    with any_bot.engine.begin() as connection:
        for number, seconds in enumerate((1, 47 * 3600, 49 * 3600)):
            row = {"source": "jira", "sha256": str(number), "seen_at": ago(seconds)}
            connection.execute(sa.insert(seen_bodies).values(**row))
        systems.pause(connection, "over", ago(1), None)
        systems.pause(connection, "in force", ago(-60), None)
    clock.purge()
    with any_bot.engine.connect() as connection:
        assert connection.execute(sa.select(seen_bodies.c.sha256).order_by("sha256")).scalars().all() == ["0", "1"]
        assert connection.execute(sa.select(pauses.c.scope)).scalars().all() == ["in force"]
    assert nudges(any_bot) == 1


def test_the_databases_statistics_are_refreshed(any_bot: Bot, clock: Clock) -> None:
    arrive(any_bot, attempts=1)
    clock.analyze()
    with any_bot.engine.begin() as connection:
        if any_bot.engine.dialect.name == "sqlite":
            tables = connection.execute(sa.text("SELECT DISTINCT tbl FROM sqlite_stat1")).scalars().all()
        else:
            analysed = "SELECT relname FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL"
            tables = connection.execute(sa.text(analysed)).scalars().all()
        driver: Any = connection.connection.dbapi_connection
        if any_bot.engine.dialect.name == "sqlite":
            assert driver.isolation_level == "IMMEDIATE"  # which SQLAlchemy takes back after AUTOCOMMIT
    assert {"deliveries", "workflow_status"} <= set(tables)


def test_all_duties_are_on_the_schedule(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[BlockingScheduler] = []
    monkeypatch.setattr(BlockingScheduler, "start", lambda scheduler: started.append(scheduler))  # noqa: PLW0108
    monkeypatch.setattr("signal.signal", lambda *_: None)
    runtime.clock.run(Clock(bot.engine, bot.process.office, bot.watch))
    jobs = {job.func.__name__: job.trigger.interval for job in started[0].get_jobs()}
    assert {"nudge_due", "take_over", "probe", "purge", "analyze"} <= set(jobs)
    # an empty statistic costs PostgreSQL minutes to dequeue from many partitions
    assert jobs["analyze"] <= timedelta(minutes=10)
    assert jobs["take_over"] + bot.watch.current().runtime.worker_lease < timedelta(minutes=1)
