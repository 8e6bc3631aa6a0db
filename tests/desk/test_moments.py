"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk.moments import Wall

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 27, 7, 53, 51, tzinfo=UTC), "27 ноября, 10:53"),
        (datetime(2026, 5, 1, 20, 59, tzinfo=UTC), "1 мая, 23:59"),
        (datetime(2026, 5, 1, 21, tzinfo=UTC), "2 мая, 00:00"),
        (datetime(2025, 1, 9, 6, tzinfo=UTC), "9 января 2025, 09:00"),
        (datetime(2026, 12, 31, 21, tzinfo=UTC), "1 января 2027, 00:00"),
    ],
)
def test_the_year_is_said_when_it_is_another(moment: datetime, said: str) -> None:
    assert Wall(MOSCOW, NOW).say(moment) == said


def test_the_year_is_the_walls() -> None:
    """In Moscow it is 2027 already, in UTC not yet."""
    assert Wall(MOSCOW, NOW + timedelta(hours=9)).say(NOW + timedelta(hours=10)) == "1 января, 01:00"


def test_without_a_moment_of_writing_the_year_is_always_said() -> None:
    assert Wall().say(NOW) == "31 декабря 2026, 12:00"
