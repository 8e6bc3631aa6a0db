"""The figures of any period are those of its days, however many of its months were added up before."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from store import rollups
from store.tables.reports import BUCKETS, COUNTS
from store.tables.requests import requests

ZONE = ZoneInfo("Europe/Moscow")
FIRST, DAYS = date(2026, 8, 20), 75  # to 2 November: two whole months and pieces of two
NOW = datetime(2026, 11, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = (*COUNTS, *BUCKETS)


def count(engine: sa.Engine, *days: date) -> None:
    """Let the clock count days."""
    for day in days:
        with engine.begin() as connection:
            rollups.count_day(connection, day, NOW, ZONE, 2)


def added(connection: sa.Connection, first: date, last: date, dimension: str) -> dict[str, dict[str, int]]:
    """The same, day by day."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in NAMES)
    text = sa.text(
        f"SELECT value, {sums} FROM report_rows WHERE dimension = :dimension AND day BETWEEN :first AND :last"  # noqa: S608
        " GROUP BY value"
    ).bindparams(sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date))
    rows = connection.execute(text, {"dimension": dimension, "first": first, "last": last})
    return {row.value: {name: int(getattr(row, name)) for name in NAMES} for row in rows}


@pytest.fixture
def counted(engine: sa.Engine) -> sa.Engine:
    """Requests of two months and a half, all days counted."""
    chance = random.Random(3)  # noqa: S311 # not a secret
    rows = []
    for number in range(1, 300):
        since = datetime(2026, 8, 20, tzinfo=UTC) + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        answered = since + timedelta(minutes=chance.randrange(5000))
        about = {"source": "usedesk", "ticket_id": str(number), "number": 1, "origin": "usedesk", "text": "?"}
        about |= {"department": f"d{number % 4}", "owner_id": str(number % 3), "topic": f"t{number % 5}"}
        moments = {"since": since, "answered_at": answered, "closed_at": answered, "step": number % 3}
        rows.append(about | moments | {"answer_required": True, "state": "answered", "opened_by": "x"})
    with engine.begin() as connection:
        connection.execute(sa.insert(requests), rows)
    count(engine, *(FIRST + timedelta(days=number) for number in range(DAYS)))
    return engine


def test_a_period_is_the_sum_of_its_days(counted: sa.Engine) -> None:
    chance = random.Random(5)  # noqa: S311 # not a secret
    periods = [(date(2026, 9, 1), date(2026, 9, 30)), (date(2026, 9, 1), date(2026, 10, 31)), (FIRST, FIRST)]
    periods += [(date(2026, 10, 1), date(2026, 10, 1)), (date(2026, 9, 30), date(2026, 11, 1))]
    for _ in range(30):
        first = FIRST + timedelta(days=chance.randrange(DAYS))
        periods.append((first, first + timedelta(days=chance.randrange(DAYS))))
    with counted.connect() as connection:
        for first, last in periods:
            for dimension in rollups.DIMENSIONS:
                found = rollups.by_value(connection, first, last, dimension)
                assert found == added(connection, first, last, dimension), (first, last, dimension)
        whole = rollups.by_value(connection, date(2026, 9, 1), date(2026, 10, 31), "department")
    assert sum(row["asked"] for row in whole.values()) > 200


def test_a_day_that_is_counted_anew_changes_its_month(counted: sa.Engine) -> None:
    day = date(2026, 9, 15)
    late = {"source": "usedesk", "ticket_id": "900", "department": "d1", "number": 1, "origin": "usedesk", "text": "?"}
    late |= {"answer_required": True, "state": "open", "opened_by": "x", "since": datetime(2026, 9, 15, 9, tzinfo=UTC)}

    def asked() -> int:
        with counted.connect() as connection:
            rows = rollups.by_value(connection, date(2026, 9, 1), date(2026, 9, 30), "department")
        return rows["d1"]["asked"]

    before = asked()
    with counted.begin() as connection:
        connection.execute(sa.insert(requests), late)
    count(counted, day)
    assert asked() == before + 1
