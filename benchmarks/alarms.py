"""Timers: 10,000 due at once for two clocks and three workers, and what a tick costs while 1,000,000 wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.figures import show
from benchmarks.processes import cpu
from benchmarks.servers import Maker, command, fresh, stores
from config import ConfigReloader
from config.settings import Settings
from desk.clock import machine_now
from runtime.clock import Clock
from runtime.process import Process
from sandbox.live import LiveSandbox
from store.requests import timer_key
from store.tables import deliveries, ledger, timers
from store.tables.requests import requests

DUE = 10_000
PENDING = 1_000_000
TICKS = 200
CLOCKS, WORKERS = 2, 3
STALL_SECONDS = 120  # without one more timer done
PIECE = 20_000
COLUMNS = ("", "timers", "fired once", "a second", "CPU ms each", "tick, none ms", "tick, crowd ms", "ratio")


def main(due: int = DUE, pending: int = PENDING) -> None:
    """Measure on each database; the desk only records (every rule in mode observe)."""
    with stores() as makers:
        rows = [_measure(name, maker, due, pending) for name, maker in makers.items()]
    show(
        f"{due} timers due at once, {CLOCKS} clocks, {WORKERS} workers; a tick beside {pending} pending", COLUMNS, rows
    )


def _measure(name: str, maker: Maker, due: int, pending: int) -> list[object]:
    with _process(maker) as (process, env):
        clock = Clock(process.engine, process.factory, ConfigReloader(process.settings.config_dir, env))
        empty = _tick(clock)
        _put(process, due, machine_now() - timedelta(seconds=1))
        with ExitStack() as running:
            roles = ("worker",) * WORKERS + ("clock",) * CLOCKS
            pids = [running.enter_context(command(env, role)).pid for role in roles]
            took, spent = _wait(process, due, pids)
        once = _rung_once(process)
        assert once == due, f"{once} of {due} fired once"
        _put(process, pending, machine_now() + timedelta(days=30))
        with process.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
        crowded = _tick(clock)
    return [name, due, once, due / took, spent * 1000 / due, empty, crowded, crowded / empty]


@contextmanager
def _process(maker: Maker) -> Iterator[tuple[Process, dict[str, str]]]:
    with TemporaryDirectory() as folder, LiveSandbox(data_dir=folder) as sandbox, fresh(maker, sandbox.url) as env:
        observed = {**env, "RULES_DEFAULT_MODE": "observe", "DATA_DIR": str(Path(folder))}
        process = Process(Settings.read(observed))
        try:
            yield process, observed
        finally:
            process.engine.dispose()


def _put(process: Process, count: int, due_at: object) -> None:
    """So many open requests, each with its timer."""
    now = machine_now()
    row = {"source": "webcrm", "department": "service", "number": 1, "origin": "webcrm", "state": "open", "text": "?"}
    row |= {"answer_required": True, "since": now, "due_at": due_at, "next_at": due_at, "ring": 1, "opened_by": "bench"}
    for start in range(0, count, PIECE):
        with process.engine.begin() as connection:
            first = (connection.execute(sa.select(sa.func.max(requests.c.id))).scalar() or 0) + 1
            numbers = range(first, first + min(PIECE, count - start))
            connection.execute(sa.insert(requests), [{**row, "id": n, "ticket_id": str(n)} for n in numbers])
            timer = {"kind": "request", "due_at": due_at, "state": "pending", "made_at": now}
            connection.execute(sa.insert(timers), [{**timer, "key": timer_key(n, 1)} for n in numbers])


def _wait(process: Process, due: int, pids: Sequence[int]) -> tuple[float, float]:
    """The seconds from the first timer that was done to the last, and of CPU that these processes used meanwhile.

    TimeoutError when nothing more is done.
    """
    began, used, moved, count = None, 0.0, time.monotonic(), 0
    done = sa.select(sa.func.count()).where(deliveries.c.type == "alarm.due", deliveries.c.state == "done")
    while time.monotonic() < moved + STALL_SECONDS:
        with process.engine.connect() as connection:
            now = int(connection.execute(done).scalar() or 0)
        if now != count:
            count, moved = now, time.monotonic()
        if began is None and count:
            began, used = moved, sum(map(cpu, pids))
        if began is not None and count == due:
            return moved - began, sum(map(cpu, pids)) - used
        time.sleep(0.2)
    raise TimeoutError(f"{count} of {due} timers were done, then none for {STALL_SECONDS} s")


def _rung_once(process: Process) -> int:
    """How many requests have just one step in the ledger."""
    fired = sa.select(deliveries.c.case_id).join(ledger, ledger.c.delivery == deliveries.c.id)
    once = fired.where(deliveries.c.type == "alarm.due").group_by(deliveries.c.case_id).having(sa.func.count() == 1)
    with process.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(once.subquery())).scalar_one())


def _tick(clock: Clock) -> float:
    """The median of a tick that finds nothing due, in ms."""
    times = []
    for _ in range(TICKS):
        began = time.perf_counter()
        assert clock.fire() == 0
        times.append((time.perf_counter() - began) * 1000)
    return median(times)
