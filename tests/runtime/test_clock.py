"""The clock: its duties, on schedule; what nobody needs is deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler

import runtime.clock
from desk.clock import machine_now
from runtime.clock import Clock
from store import systems, timers
from store.tables import deliveries, pauses, seen_bodies
from tests.bot import Bot
from tests.tickets import closing, ticket


@pytest.fixture
def clock(any_bot: Bot) -> Clock:
    """A clock over the bot's store."""
    return Clock(any_bot.engine, any_bot.process.factory, any_bot.reloader)


def arrive(bot: Bot, **values: Any) -> None:
    """One delivery, whose row is then written as a test wants it."""
    assert bot.crm(closing(ticket(), id="a1")) == 202
    with bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(**values))


def ago(seconds: float) -> Any:
    """A moment of before."""
    return machine_now() - timedelta(seconds=seconds)


def test_who_has_been_silent_for_a_day_is_forgotten(any_bot: Bot, clock: Clock) -> None:
    with any_bot.engine.begin() as connection:
        systems.worker_seen(connection, "gone", ago(25 * 3600))
        systems.worker_seen(connection, "silent", ago(3600))
        systems.clock_seen(connection, "gone", ago(25 * 3600))
    clock.sign_of_life()
    with any_bot.engine.connect() as connection:
        assert [worker.executor_id for worker in systems.workers_known(connection)] == ["silent"]
        assert "gone" not in [known.clock_id for known in systems.clocks_known(connection)]


def test_what_nobody_needs_is_deleted(any_bot: Bot, clock: Clock) -> None:
    with any_bot.engine.begin() as connection:
        for number, seconds in enumerate((1, 15 * 86_400, 17 * 86_400)):
            row = {"source": "jira", "sha256": str(number), "seen_at": ago(seconds)}
            connection.execute(sa.insert(seen_bodies).values(**row))
        systems.set_rate_limit(connection, "over", ago(2 * 86_400), None)
        systems.set_rate_limit(connection, "in force", ago(-60), None)
    clock.purge()
    with any_bot.engine.connect() as connection:
        assert connection.execute(sa.select(seen_bodies.c.sha256).order_by("sha256")).scalars().all() == ["0", "1"]
        assert connection.execute(sa.select(pauses.c.scope)).scalars().all() == ["in force"]


@pytest.mark.parametrize("due", [7, 45])
def test_however_many_are_due_one_turn_fires_them(
    due: int, any_bot: Bot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.clock, "BATCH", 20)
    with any_bot.engine.begin() as connection:
        for number in range(due):
            timers.add(connection, f"promise:{number}", ago(60), ago(3600))
        timers.add(connection, "promise:later", ago(-60), ago(3600))
    asked: list[str] = []
    sa.event.listen(any_bot.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert clock.fire() == due
    pieces = due // 20 + 1
    assert sum("deliveries" in statement for statement in asked) == pieces
    assert sum("alarms" in statement for statement in asked) == pieces
    assert clock.fire() == 0
    with any_bot.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar() == due


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
    assert "deliveries" in tables


def test_all_duties_are_on_the_schedule(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[BackgroundScheduler] = []
    monkeypatch.setattr(BackgroundScheduler, "start", lambda scheduler: started.append(scheduler))  # noqa: PLW0108
    monkeypatch.setattr(BackgroundScheduler, "shutdown", lambda _: None)
    monkeypatch.setattr("signal.pthread_sigmask", lambda *_: None)
    monkeypatch.setattr("signal.sigwait", lambda _: None)
    runtime.clock.run(Clock(bot.engine, bot.process.factory, bot.reloader))
    jobs = {job.func.__name__: job.trigger.interval for job in started[0].get_jobs()}
    assert {"fire", "sign_of_life", "probe", "purge", "analyze"} <= set(jobs)
    assert jobs["analyze"] <= timedelta(minutes=10)  # without statistics PostgreSQL reads whole tables
