"""SIGSTOP of the worker at a random step of its work, until another has finished it: no second issue stays unknown.

`FREEZES=20` makes as many on each database instead of 200.
"""

from __future__ import annotations

import os
import random
from collections import Counter

from benchmarks.crashes import in_rotation
from benchmarks.figures import percentile, show
from benchmarks.servers import stores
from tests.runtime.freezes import STEPS, Outcome, freeze_run
from tests.runtime.freezing import SEARCHED, SENDING

RUNS = int(os.environ.get("FREEZES", "200"))  # a database
AT_ONCE = 6  # most of the time each waits for leases to end
SEED = 11


def main() -> None:
    """Freeze workers on each database; raises RuntimeError when one ticket came out wrong."""
    chosen = places(RUNS)
    with stores() as makers:
        found = {name: in_rotation(maker, freeze_run, chosen, RUNS, AT_ONCE) for name, maker in makers.items()}
    columns = ("", "runs", "right", "frozen", "second issues", "told of", "doubled otherwise", "median s", "slowest s")
    show(f"Worker frozen at {len(set(chosen))} of its steps", columns, map(_row, found, found.values()))
    wrong = [outcome for outcomes in found.values() for outcome in outcomes if not outcome.right]
    if wrong:
        raise RuntimeError(f"not right: {wrong}")


def places(number: int) -> list[tuple[str | int]]:
    """Where to freeze: half of them just before the issue is made or its call is sent, the others anywhere."""
    chance = random.Random(SEED)  # noqa: S311 # not a secret
    named = (SEARCHED, SEARCHED, SENDING)
    return [(chance.choice(named) if one % 2 else chance.randrange(STEPS),) for one in range(number)]


def _row(name: str, outcomes: list[Outcome]) -> list[object]:
    count = Counter[str]()
    for outcome in outcomes:
        count.update(right=outcome.right, frozen=outcome.froze, told=outcome.told)
        count.update(second=outcome.second, doubled=outcome.doubled)
    seconds = [outcome.seconds for outcome in outcomes]
    figures = [count[kind] for kind in ("right", "frozen", "second", "told", "doubled")]
    return [name, len(outcomes), *figures, percentile(seconds, 50), max(seconds)]
