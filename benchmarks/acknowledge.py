"""Acknowledgements a second over 20 connections. Aim: as many as can be, p99 under 50 ms where no worker is beside.

All servers stand ready at once and are loaded in turn, a few seconds each, round after round: whatever else this
machine does meanwhile falls on all of them. Medians of the rounds are printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import median

from benchmarks.bodies import CRM, JIRA
from benchmarks.figures import show
from benchmarks.load import Generator, Outcome
from benchmarks.servers import Makers, command, fresh, stores, web

ROUNDS = 7
SECONDS = 2.5
COLUMNS = ("", "per s", "p50 ms", "p99 ms")


def main() -> None:
    """Measure both receivers without a worker, and the CRM's with a worker that finds Jira down."""
    with stores() as makers, Generator() as generator:
        _compare("Acknowledgements of CRM events, no worker", makers, generator, CRM)
        _compare("Acknowledgements of Jira webhooks, no worker", makers, generator, JIRA)
        _compare("Acknowledgements of CRM events, a worker beside it", makers, generator, CRM, work=True)


def _compare(title: str, makers: Makers, generator: Generator, path: str, *, work: bool = False) -> None:
    with ExitStack() as stack:
        ports: dict[str, int] = {}
        for name, maker in makers.items():
            env = stack.enter_context(fresh(maker))
            ports[name] = stack.enter_context(web(env))
            if work:
                stack.enter_context(command(env, "worker"))
        for port in ports.values():
            generator.run(port, path, 1)
        rounds = [{name: generator.run(port, path, SECONDS) for name, port in ports.items()} for _ in range(ROUNDS)]
    show(title, COLUMNS, [_row(name, rounds) for name in ports])


def _row(name: str, rounds: Sequence[Mapping[str, Outcome]]) -> list[object]:
    ours = [one[name] for one in rounds]
    wrong = sum(outcome.count - outcome.statuses.get("202", 0) for outcome in ours)
    if wrong:
        raise RuntimeError(f"{name}: {wrong} requests were not answered with 202")
    return [name, *(median(figures) for figures in zip(*((one.rate, one.p50, one.p99) for one in ours), strict=True))]
