"""A benchmark that cannot be run measures nothing: the smallest of those with a worker, with a handful of cases."""

from __future__ import annotations

import pytest

from benchmarks import waiting
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
