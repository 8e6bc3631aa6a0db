"""A system that is slow holds its share of the threads; one that is busy keeps nobody out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from desk.clock import machine_now
from desk.faults import Later
from desk.places import PUT_OFF, Places

LONG = 60.0  # seconds; nobody waits for them to pass


@contextmanager
def held(places: Places, system: str, count: int) -> Iterator[threading.Event]:
    """So many calls to a system that is silent until the event is set, or the block ends."""
    answered, begun = threading.Event(), threading.Barrier(count + 1)

    def call() -> None:
        with places.place(system):
            begun.wait(LONG)
            answered.wait(LONG)

    with ThreadPoolExecutor(count) as pool:
        for _ in range(count):
            pool.submit(call)
        begun.wait(LONG)
        try:
            yield answered
        finally:
            answered.set()


def test_a_slow_system_keeps_its_places_and_others_have_theirs() -> None:
    places = Places(2, patience=0.05)
    with held(places, "jira:main", 2):
        before = machine_now()
        with pytest.raises(Later, match="jira:main is slow") as raised, places.place("jira:main"):
            pytest.fail("a third call")
        assert raised.value.at is not None
        assert PUT_OFF[0] <= (raised.value.at - before).total_seconds() <= PUT_OFF[1] + 1
        assert (raised.value.spends, raised.value.no_effect) == (False, True)
        with places.place("webcrm"), places.place("jira:kaspi"):
            pass
    with places.place("jira:main"):
        pass


def test_nobody_waits_for_a_system_that_has_been_slow_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    places, now = Places(1, patience=LONG), time.monotonic
    with held(places, "jira:main", 1):
        monkeypatch.setattr("desk.places.time.monotonic", lambda: now() + LONG + 1)
        begun = time.perf_counter()
        with pytest.raises(Later), places.place("jira:main"):
            pytest.fail("a second call")
        assert time.perf_counter() - begun < LONG / 2


def test_a_place_that_comes_free_is_waited_for() -> None:
    places = Places(1, patience=LONG)
    with ThreadPoolExecutor(1) as pool, held(places, "jira:main", 1) as answered:

        def next_call() -> bool:
            with places.place("jira:main"):
                return True

        waiting = pool.submit(next_call)
        answered.set()
        assert waiting.result(LONG)


def test_a_call_that_fails_gives_its_place_back() -> None:
    places = Places(1, patience=0.0)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"), places.place("jira:main"):
            raise ValueError("no")


def test_a_busy_system_serves_all_in_turn() -> None:
    places, under_way, most = Places(3, patience=LONG), threading.Semaphore(3), []

    def call(number: int) -> int:
        with places.place("jira:main"):
            most.append(under_way.acquire(blocking=False))
            under_way.release()
        return number

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(call, range(300))) == list(range(300))
    assert all(most)
