"""Turns at a limit: in order, the urgent first, nobody's token taken, nobody waited for in vain; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import rates, turns
from store.rates import Rate
from store.tables import rate_turns
from store.turns import LATE, Turn
from tests.store.test_rates import most_in_a_window

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RATE = Rate("usedesk", per_second=2, burst=5)
HALF = timedelta(seconds=0.5)
SOON = timedelta(milliseconds=20)


def ask(engine: sa.Engine, holder: str, now: datetime, level: int = 0) -> datetime | None:
    """Ask in a transaction of its own."""
    with engine.begin() as connection:
        return turns.take(connection, RATE, now, Turn(holder, level))


def places(engine: sa.Engine) -> list[str]:
    """Who has a place."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(rate_turns.c.holder).order_by(rate_turns.c.id)).scalars())


@pytest.fixture
def empty(engine: sa.Engine) -> sa.Engine:
    """The limit when its burst has just been used up."""
    for number in range(RATE.burst):
        assert ask(engine, f"first-{number}", NOW) is None
    return engine


def test_everybody_is_told_when_it_is_his_turn_and_has_it_then(empty: sa.Engine) -> None:
    due = {name: ask(empty, name, NOW) for name in ("a", "b", "c")}
    moments = [moment - NOW for moment in due.values() if moment]
    assert all(abs(moment - HALF * (place + 1)) < SOON for place, moment in enumerate(moments))
    assert places(empty) == ["a", "b", "c"]
    for name, moment in due.items():
        assert moment is not None
        assert ask(empty, name, moment) is None
    assert places(empty) == []


def test_nobody_takes_the_token_of_who_came_before(empty: sa.Engine) -> None:
    due = ask(empty, "a", NOW)
    assert due is not None
    assert ask(empty, "b", due) is not None  # the token is there, but it is not b's
    assert ask(empty, "a", due + HALF / 5) is None
    with empty.begin() as connection:
        assert rates.take(connection, RATE, due + HALF / 5) is not None


def test_who_comes_back_too_early_keeps_his_place(empty: sa.Engine) -> None:
    first, second = ask(empty, "a", NOW), ask(empty, "b", NOW)
    assert ask(empty, "a", NOW + HALF / 2) == first
    assert places(empty) == ["a", "b"]
    assert first is not None
    assert second is not None
    assert ask(empty, "b", first) is not None
    assert ask(empty, "a", first) is None


def test_the_urgent_go_first(empty: sa.Engine) -> None:
    courtesies = {name: ask(empty, name, NOW, level=1) for name in ("a", "b")}
    urgent = ask(empty, "u", NOW)
    assert urgent == courtesies["a"]
    assert urgent is not None
    assert ask(empty, "u", urgent) is None
    later = ask(empty, "a", urgent, level=1)  # overtaken, it comes once more
    assert later is not None
    assert abs(later - NOW - 2 * HALF) < SOON
    assert ask(empty, "a", later, level=1) is None
    assert ask(empty, "b", later + HALF, level=1) is None


def test_a_place_is_as_old_at_another_level(empty: sa.Engine) -> None:
    ask(empty, "a", NOW, level=1)
    ask(empty, "b", NOW)
    due = ask(empty, "a", NOW)
    assert due is not None
    assert abs(due - NOW - HALF) < SOON


def test_who_does_not_come_is_not_waited_for(empty: sa.Engine) -> None:
    for number in range(20):
        ask(empty, f"gone-{number}", NOW)
    full = NOW + timedelta(seconds=2.6)  # the bucket is full again: all those are late, and lose nothing
    assert ask(empty, "a", full) is None
    forgotten = NOW + timedelta(seconds=10.1) + LATE
    for name in ("b", "c", "d", "e", "f"):
        assert ask(empty, name, forgotten) is None
    with empty.connect() as connection:
        assert turns.waiting(connection, RATE.name, forgotten) == 0


def test_who_has_to_come_again_is_never_told_a_moment_of_the_past(engine: sa.Engine) -> None:
    ask(engine, "first", NOW)
    with engine.begin() as connection:
        for number in range(9):
            values = {"name": RATE.name, "holder": f"h{number}", "level": 0}
            connection.execute(sa.insert(rate_turns).values(**values, due_at=NOW.timestamp() + 60))
    due = ask(engine, "a", NOW + timedelta(seconds=0.1))
    assert due is not None
    assert due >= NOW + timedelta(seconds=0.1) + HALF


def test_limits_of_other_names_have_other_lines(empty: sa.Engine) -> None:
    ask(empty, "a", NOW)
    with empty.begin() as connection:
        assert turns.take(connection, Rate("other", 2, 1), NOW, Turn("a", 0)) is None
    assert places(empty) == ["a"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=5, max_size=40))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_are_served_in_order_within_the_limit(engine: sa.Engine, arrivals: list[tuple[int, int]]) -> None:
    """Arrivals (half seconds after the one before, level): each comes back when it is told."""
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM rate_limits"))
        connection.execute(sa.text("DELETE FROM rate_turns"))
    at, queue = NOW, []
    for number, (gap, level) in enumerate(arrivals):
        at += gap * HALF / 10
        queue.append((at, number, level))
    served: list[tuple[float, int, int]] = []
    while queue:
        queue.sort()
        now, number, level = queue.pop(0)
        due = ask(engine, str(number), now, level)
        if due is None:
            served.append(((now - NOW).total_seconds(), number, level))
        else:
            assert due > now
            queue.append((due, number, level))
    assert most_in_a_window([moment for moment, _, _ in served], RATE) < 0.001
    for level in (0, 1):
        assert [number for _, number, of in sorted(served) if of == level] == [
            number for number, (_, of) in enumerate(arrivals) if of == level
        ]
    last = max(moment for moment, _, _ in served)
    assert last <= (at - NOW).total_seconds() + (len(arrivals) + 1) / RATE.per_second
