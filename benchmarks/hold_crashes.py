"""kill -9 of the worker at every verb of the holds in turn: no half hold, nothing twice, none lost."""

from __future__ import annotations

from collections import Counter

from benchmarks.crashes import RUNS, in_rotation
from benchmarks.figures import percentile, show
from benchmarks.servers import stores
from tests.runtime.hold_crashes import HOLD_BOUNDARIES, Outcome, hold_crash_run

STRIDE = 37  # prime to the number of boundaries, so that 100 runs touch all procedures


def main() -> None:
    """Crash workers on each database; raises RuntimeError when one hold came out wrong."""
    count = len(HOLD_BOUNDARIES)
    places = [HOLD_BOUNDARIES[number * STRIDE % count] for number in range(count)]
    with stores() as makers:
        found = {name: in_rotation(maker, hold_crash_run, places) for name, maker in makers.items()}
    columns = ("", "runs", "right", "killed", "median s", "slowest s")
    show(f"Worker killed at {RUNS} of {count} places in the holds", columns, map(_row, found, found.values()))
    wrong = [outcome for outcomes in found.values() for outcome in outcomes if not outcome.right]
    if wrong:
        raise RuntimeError(f"not right: {wrong}")


def _row(name: str, outcomes: list[Outcome]) -> list[object]:
    count = Counter[str]()
    for outcome in outcomes:
        count.update(right=outcome.right, killed=outcome.killed)
    seconds = [outcome.seconds for outcome in outcomes]
    return [name, len(outcomes), count["right"], count["killed"], percentile(seconds, 50), max(seconds)]
