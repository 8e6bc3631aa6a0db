"""kill -9 of a worker at every verb of the holds: one issue, one hold, every word once, nothing half.

Each verb twice: between its effect and our record of it, and at one of its other boundaries in turn.
`benchmarks/hold_crashes.py` goes through them all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from tests.databases import Postgres, Sqlite
from tests.runtime.crashes import MOMENTS
from tests.runtime.hold_crashes import HOLD_BOUNDARIES, Place, hold_crash_runs, zygote
from tests.runtime.hold_scenarios import SCENARIOS

T = TypeVar("T")
DATABASES = ("sqlite", "postgres")
UNRECORDED = "answered"
IN_TURN, AT_ONCE = 4, 2  # workers killed with one sandbox, sandboxes: a worker waits a second before it begins
ALONE = 5  # sandboxes with one worker each


def _database(place: Place) -> str:
    """Neighbouring boundaries lie on different databases, so that each verb is proven on both."""
    scenario, boundary = place
    verb = SCENARIOS[scenario].verbs.index(boundary.verb or "")
    return DATABASES[(verb + MOMENTS.index(boundary.moment)) % len(DATABASES)]


def _chosen(place: Place) -> bool:
    """The effect without a record, and one of the other moments of the verb in turn."""
    scenario, boundary = place
    others = [moment for moment in MOMENTS if moment != UNRECORDED]
    verb = list(SCENARIOS).index(scenario) + SCENARIOS[scenario].verbs.index(boundary.verb or "")
    return boundary.moment in (UNRECORDED, others[verb % len(others)])


def _batches(database: str) -> list[list[list[Place]]]:
    """The boundaries that are proven on a database: for each test, for each sandbox, the places in turn."""
    mine = [place for place in HOLD_BOUNDARIES if _chosen(place) and _database(place) == database]
    alone = [[place] for place in mine if SCENARIOS[place[0]].hooks]
    together = [place for place in mine if not SCENARIOS[place[0]].hooks]
    return [*_pieces(_pieces(together, IN_TURN), AT_ONCE), *_pieces(alone, ALONE)]


def _pieces(whole: list[T], size: int) -> list[list[T]]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def _name(batch: list[list[Place]]) -> str:
    scenario, boundary = batch[0][0]
    return f"from-{scenario}-{boundary}"


def _prove(maker: Sqlite | Postgres, folder: Path, batch: list[list[Place]]) -> None:
    zygote()
    urls = [maker.fresh(folder) for _ in batch]
    with ThreadPoolExecutor(len(batch)) as threads:
        outcomes = [outcome for part in threads.map(hold_crash_runs, urls, batch) for outcome in part]
    for url in urls:
        maker.drop(url)
    assert [outcome for outcome in outcomes if not outcome.right] == []
    assert len(outcomes) == sum(map(len, batch))


@pytest.mark.parametrize("batch", _batches("sqlite"), ids=_name)
def test_a_worker_that_is_killed_leaves_a_whole_hold(sqlite: Sqlite, tmp_path: Path, batch: list[list[Place]]) -> None:
    _prove(sqlite, tmp_path, batch)


@pytest.mark.parametrize("batch", _batches("postgres"), ids=_name)
def test_the_same_on_postgresql(postgres: Postgres, tmp_path: Path, batch: list[list[Place]]) -> None:
    _prove(postgres, tmp_path, batch)
