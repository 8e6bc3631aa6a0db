"""A benchmark that cannot be run measures nothing: five of them, four cut short."""

from __future__ import annotations

import pytest

from benchmarks import disk, slow_senders, together, usedesk_day, waiting
from tests.databases import Sqlite


def test_waiting_cases_are_measured(sqlite: Sqlite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "OTHERS", 2)
    monkeypatch.setattr(waiting, "CROWD", 3)
    name, empty, crowded, ratio, megabytes, _ = waiting._measure("SQLite", sqlite)
    assert name == "SQLite"
    assert isinstance(empty, float)
    assert isinstance(crowded, float)
    assert ratio == crowded / empty
    assert isinstance(megabytes, float)
    assert 0 < megabytes < 1000


def test_health_and_webhooks_are_measured_beside_slow_senders(sqlite: Sqlite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CROWD": 30,
        "SECONDS": 0.2,
        "SETTLE": 0,
        "KINDS": {"head": slow_senders.KINDS["head"]},
    }.items():
        monkeypatch.setattr(slow_senders, name, value)
    alone, beside = slow_senders._measure(sqlite)
    assert (alone[0], beside[0]) == ("none", "head")
    for _, *times, unanswered, closed, megabytes in (alone, beside):
        assert all(0 < time < 5000 for time in times)
        assert (unanswered, closed) == (0, 0)
        assert 0 < megabytes < 1000


def test_a_day_in_usedesk_stays_within_its_limit(sqlite: Sqlite) -> None:
    looked, written, seconds, most = usedesk_day._measure(sqlite)
    assert written == 30
    assert isinstance(looked, int)
    assert isinstance(seconds, float)
    assert isinstance(most, int)
    assert looked < 60
    assert seconds < 40
    assert most <= 25


def test_requests_that_fall_due_together_are_rung_once_each(sqlite: Sqlite) -> None:
    name, due, once, _, posted, *_ = together._measure("SQLite", sqlite, due=3)
    assert (name, due, once) == ("SQLite", 3, 3)
    assert isinstance(posted, int)
    assert posted > 0


def test_what_tickets_take_of_the_disk_is_measured(sqlite: Sqlite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "TICKETS", 20)
    monkeypatch.setattr(disk, "WARMING", 2)
    (_, short, one), (_, long, many) = (disk._measure("SQLite", sqlite, kind) for kind in disk.MESSAGES)
    assert isinstance(one, float)
    assert isinstance(many, float)
    assert isinstance(short, float)
    assert isinstance(long, float)
    assert 0 < short < one  # a body is kept twice: a thousand of so many KB are more than so many MB
    assert 2 * short < 2 * long < many
