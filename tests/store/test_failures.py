"""Mass failures that ended long ago, and tickets that nobody ever found again, are forgotten in pieces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from store import incidents, lost_tickets
from store.incidents import Joined
from store.tables import deliveries
from store.tables.incidents import incident_tickets
from store.tables.incidents import incidents as failures
from store.tables.lost_tickets import lost_tickets as lost
from tests.bot import Bot

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
GIVEN = {"name": "Кабинет", "keywords": "белый экран", "topics": "", "issue_key": "ADS-1", "opened_by": "x"}


def failure(connection: sa.Connection, tickets: int, ended_at: datetime | None, begun: datetime = NOW) -> int:
    """A failure with so many tickets; its number."""
    row = incidents.open_one(connection, GIVEN | {"until": begun + DAY}, begun)
    for number in range(tickets):
        assert incidents.join(connection, Joined(row.id, "webcrm", str(number), "webcrm/x", begun, None, None))
    if ended_at is not None:
        incidents.end(connection, row.id, None, ended_at)
    return row.id


def left(connection: sa.Connection) -> dict[int, int]:
    """The failures that are still there, and how many tickets each has."""
    there = connection.execute(sa.select(failures.c.id)).scalars().all()
    counts = incidents.counts(connection, there)
    return {number: counts.get(number, 0) for number in there}


def test_a_failure_goes_after_its_tickets_and_one_that_is_open_or_young_stays(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        old = failure(connection, 5, NOW - 9 * DAY)
        young, still = failure(connection, 2, NOW - DAY), failure(connection, 2, None)
    counts, steps = [], []
    for _ in range(5):
        with engine.begin() as connection:
            counts.append(incidents.purge(connection, NOW - 3 * DAY, 2))
            steps.append(left(connection))
    assert counts == [2, 2, 2, 0, 0]
    assert [step.get(old) for step in steps] == [3, 1, None, None, None]
    assert steps[-1] == {young: 2, still: 2}


def test_a_lost_ticket_is_forgotten_in_time(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        rows = [{"source": "webcrm", "ticket_id": str(days), "delivery": 1, "since": NOW - days * DAY}
                for days in range(6)]  # fmt: skip
        connection.execute(sa.insert(lost), rows)
        assert [lost_tickets.purge(connection, NOW - 2.5 * DAY, 2) for _ in range(3)] == [2, 1, 0]
        assert sorted(connection.execute(sa.select(lost.c.ticket_id)).scalars()) == ["0", "1", "2"]


def test_what_is_over_is_found_by_when_it_ended(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        many = [GIVEN | {"opened_at": NOW, "until": NOW, "ended_at": NOW - number * DAY} for number in range(500)]
        connection.execute(sa.insert(failures), many)
        plan = "EXPLAIN QUERY PLAN SELECT id FROM incidents WHERE ended_at IS NOT NULL AND ended_at < '2026-01-01' "
        plan += "ORDER BY ended_at LIMIT 5"
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET enable_seqscan = off"))
            plan = plan.replace("QUERY PLAN ", "")
        lines = [str(line) for line in connection.execute(sa.text(plan))]
    assert any("ix_incidents_over" in line for line in lines), lines


@pytest.mark.rule("R-24", "R-46")
def test_the_clock_takes_both_away_when_runtime_yml_says_so(bot: Bot) -> None:
    from runtime.clock import Clock  # noqa: PLC0415 # the store's tests know no runtime but here

    now = machine_now()
    with bot.engine.begin() as connection:
        failure(connection, 1, now - 1100 * DAY, now - 1101 * DAY)
        kept = failure(connection, 1, now - 1000 * DAY, now - 1001 * DAY)
        rows = [{"source": "webcrm", "ticket_id": str(days), "delivery": 1, "since": now - days * DAY}
                for days in (1100, 1000)]  # fmt: skip
        connection.execute(sa.insert(lost), rows)
        assert not connection.execute(sa.select(deliveries.c.id)).all()
    Clock(bot.engine, bot.process.factory, bot.reloader).purge()
    with bot.engine.connect() as connection:
        assert left(connection) == {kept: 1}
        assert connection.execute(sa.select(lost.c.ticket_id)).scalars().all() == ["1000"]
        assert connection.execute(sa.select(sa.func.count()).select_from(incident_tickets)).scalar() == 1
