"""A shared limit on calls: never more than it allows in any window, whoever asks."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.clock import machine_now
from store.rates import Rate, take

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RATE = Rate("usedesk", per_second=2, burst=5)


def asked(engine: sa.Engine, now: datetime, rate: Rate = RATE) -> datetime | None:
    """Ask for one token in a transaction of its own."""
    with engine.begin() as connection:
        return take(connection, rate, now)


def test_a_burst_then_one_by_one(engine: sa.Engine) -> None:
    assert [asked(engine, NOW) for _ in range(5)] == [None] * 5
    free = asked(engine, NOW)
    assert free is not None
    assert timedelta(seconds=0.5) <= free - NOW < timedelta(seconds=0.51)
    assert asked(engine, NOW + timedelta(seconds=0.4)) is not None
    assert asked(engine, free) is None
    assert asked(engine, free) is not None
    assert [asked(engine, NOW + timedelta(days=1)) is None for _ in range(6)] == [True] * 5 + [False]


def test_limits_of_other_names_are_other_limits(engine: sa.Engine) -> None:
    one = Rate("one", per_second=1, burst=1)
    assert asked(engine, NOW, one) is None
    assert asked(engine, NOW, one) is not None
    assert asked(engine, NOW, Rate("two", per_second=1, burst=1)) is None


def test_a_clock_that_is_behind_adds_nothing(engine: sa.Engine) -> None:
    for _ in range(5):
        asked(engine, NOW)
    assert asked(engine, NOW - timedelta(hours=1)) is not None
    assert asked(engine, NOW) is not None


def most_in_a_window(taken: list[float], rate: Rate) -> float:
    """By how much the fullest window exceeds what the limit allows; not above 0 when it holds."""
    taken.sort()
    pairs = ((first, last) for first in range(len(taken)) for last in range(first, len(taken)))
    return max(last - first + 1 - rate.burst - rate.per_second * (taken[last] - taken[first]) for first, last in pairs)


@given(gaps=st.lists(st.floats(0, 3), min_size=10, max_size=60), burst=st.integers(1, 6), speed=st.floats(0.5, 5))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_window_holds_more_than_burst_and_rate(
    engine: sa.Engine, gaps: list[float], burst: int, speed: float
) -> None:
    rate, at, taken = Rate(f"{gaps}{burst}{speed}"[:64], speed, burst), NOW, []
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM rate_limits"))
        for gap in gaps:
            at += timedelta(seconds=gap)
            if take(connection, rate, at) is None:
                taken.append((at - NOW).total_seconds())
    assert most_in_a_window(taken, rate) < 0.001


@pytest.mark.parametrize("threads", [4])
def test_threads_share_it(engine: sa.Engine, threads: int) -> None:
    rate, taken, end = Rate("shared", per_second=20, burst=5), [], monotonic() + 1.0
    started = machine_now()

    def ask_on() -> None:
        while monotonic() < end:
            now = machine_now()
            if asked(engine, now, rate) is None:
                taken.append((now - started).total_seconds())

    running = [threading.Thread(target=ask_on) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert most_in_a_window(taken, rate) < 0.001 + rate.per_second * 0.2  # by the clock of those who ask
    passed = (machine_now() - started).total_seconds()
    assert rate.burst < len(taken) <= rate.burst + rate.per_second * passed
