"""Ages on the board: the same working time that the calendar counts, one moment at a time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from desk.calendar import NOTHING, WorkCalendar
from desk.waiting import WorkingAges
from tests.desk.test_calendar import table


@pytest.mark.parametrize("zone", ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Almaty"])
def test_an_age_is_what_the_calendar_counts_in_whatever_order_it_is_asked(zone: str) -> None:
    calendar = WorkCalendar(
        table(zone, hours_on={"2026-04-30": [["09:00", "12:00"]], "2026-11-20": [["10:00", "17:00"]]})
    )
    now = datetime(2026, 11, 20, 14, 31, 7, tzinfo=UTC)
    ages = WorkingAges(calendar, now)
    chance = random.Random(zone)  # noqa: S311 # not a secret
    for _ in range(200):
        moment = now - timedelta(seconds=chance.randrange(400 * 24 * 3600))
        assert ages.of(moment) == calendar.working_between(moment, now), moment
    assert ages.of(now) == ages.of(now + timedelta(days=1)) == NOTHING
