"""kill -9 of the worker at every boundary in turn: one issue and one write-back each, none lost."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.figures import percentile, quiet, show
from benchmarks.servers import Maker, stores
from tests.runtime.crashes import BOUNDARIES, Outcome, crash_run

RUNS = 100  # a database
AT_ONCE = 3
Kind = TypeVar("Kind")


def main() -> None:
    """Crash workers on each database; raises RuntimeError when one ticket came out wrong."""
    places = [(boundary,) for boundary in BOUNDARIES]
    with stores() as makers:
        found = {name: in_rotation(maker, crash_run, places) for name, maker in makers.items()}
    columns = ("", "runs", "right", "killed", "lost", "issues", "key writes", "closings", "median s", "slowest s")
    title = f"Worker killed at each of {len(BOUNDARIES)} boundaries in turn"
    show(title, columns, map(_row, found, found.values()))
    wrong = [outcome for outcomes in found.values() for outcome in outcomes if not outcome.right]
    if wrong:
        raise RuntimeError(f"not right: {wrong}")


def in_rotation(
    maker: Maker,
    run: Callable[..., Kind],
    places: Sequence[tuple[object, ...]],
    runs: int = RUNS,
    at_once: int = AT_ONCE,
) -> list[Kind]:
    """So many runs, each on a fresh database at the next of the places; `places` are the arguments behind the URL."""
    with TemporaryDirectory() as folder:
        urls = [maker.fresh(Path(folder)) for _ in range(runs)]
        # processes of their own: each has a zygote, whose pipe serves one run at a time
        with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn"), quiet) as processes:
            chosen = [places[number % len(places)] for number in range(runs)]
            outcomes = list(processes.map(run, urls, *zip(*chosen, strict=True)))
        for url in urls:
            maker.drop(url)
    return outcomes


def _row(name: str, outcomes: list[Outcome]) -> list[object]:
    count = Counter[str]()
    for outcome in outcomes:
        count.update(right=outcome.right, killed=outcome.killed, lost=outcome.state != "done")
        count.update(issues=outcome.issues, keys=outcome.key_writes, closings=outcome.closings)
    seconds = [outcome.seconds for outcome in outcomes]
    figures = [count[kind] for kind in ("right", "killed", "lost", "issues", "keys", "closings")]
    return [name, len(outcomes), *figures, percentile(seconds, 50), max(seconds)]
