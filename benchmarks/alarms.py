"""Alarms: 10,000 due at once for two clocks and three workers, and what a tick costs while 1,000,000 wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.figures import show
from benchmarks.servers import Maker, command, fresh, stores
from config import Watch
from config.settings import Settings
from desk.clock import machine_now
from runtime.clock import Clock
from runtime.process import Process
from sandbox.live import LiveSandbox
from store.requests import alarm_key
from store.tables import alarms, deliveries, ledger
from store.tables.requests import requests

DUE = 10_000
PENDING = 1_000_000
TICKS = 200
CLOCKS, WORKERS = 2, 3
STALL_SECONDS = 120  # without one more alarm done
PIECE = 20_000
COLUMNS = ("", "alarms", "rung once", "a second", "tick, none ms", "tick, crowd ms", "ratio")


def main(due: int = DUE, pending: int = PENDING) -> None:
    """Measure on each database; the desk only records (every rule in mode observe)."""
    with stores() as makers:
        rows = [_measure(name, maker, due, pending) for name, maker in makers.items()]
    show(
        f"{due} alarms due at once, {CLOCKS} clocks, {WORKERS} workers; a tick beside {pending} pending", COLUMNS, rows
    )


def _measure(name: str, maker: Maker, due: int, pending: int) -> list[object]:
    with _process(maker) as (process, env):
        clock = Clock(process.engine, process.office, Watch(process.settings.config_dir, env))
        empty = _tick(clock)
        _put(process, due, machine_now() - timedelta(seconds=1))
        with ExitStack() as running:
            for role in ("worker",) * WORKERS + ("clock",) * CLOCKS:
                running.enter_context(command(env, role))
            took = _wait(process, due)
        once = _rung_once(process)
        assert once == due, f"{once} of {due} rang once"
        _put(process, pending, machine_now() + timedelta(days=30))
        with process.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
        crowded = _tick(clock)
    return [name, due, once, due / took, empty, crowded, crowded / empty]


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
    """So many open requests, each with its alarm."""
    now = machine_now()
    row = {"source": "webcrm", "department": "service", "number": 1, "origin": "webcrm", "state": "open", "text": "?"}
    row |= {"answer_required": True, "since": now, "due_at": due_at, "next_at": due_at, "ring": 1, "opened_by": "bench"}
    for start in range(0, count, PIECE):
        with process.engine.begin() as connection:
            first = (connection.execute(sa.select(sa.func.max(requests.c.id))).scalar() or 0) + 1
            numbers = range(first, first + min(PIECE, count - start))
            connection.execute(sa.insert(requests), [{**row, "id": n, "ticket_id": str(n)} for n in numbers])
            rings = {"kind": "request", "due_at": due_at, "state": "pending", "made_at": now}
            connection.execute(sa.insert(alarms), [{**rings, "key": alarm_key(n, 1)} for n in numbers])


def _wait(process: Process, due: int) -> float:
    """The seconds from the first alarm that was done to the last; TimeoutError when nothing more is done."""
    began, moved, count = None, time.monotonic(), 0
    done = sa.select(sa.func.count()).where(deliveries.c.type == "alarm.due", deliveries.c.state == "done")
    while time.monotonic() < moved + STALL_SECONDS:
        with process.engine.connect() as connection:
            now = connection.execute(done).scalar() or 0
        if now != count:
            count, moved = now, time.monotonic()
            began = began or moved
        if began and count == due:
            return moved - began
        time.sleep(1)
    raise TimeoutError(f"{count} of {due} alarms were done, then none for {STALL_SECONDS} s")


def _rung_once(process: Process) -> int:
    """How many requests have just one step in the ledger."""
    rung = sa.select(deliveries.c.case_id).join(ledger, ledger.c.delivery == deliveries.c.id)
    once = rung.where(deliveries.c.type == "alarm.due").group_by(deliveries.c.case_id).having(sa.func.count() == 1)
    with process.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(once.subquery())).scalar_one())


def _tick(clock: Clock) -> float:
    """The median of a tick that finds nothing due, in ms."""
    times = []
    for _ in range(TICKS):
        began = time.perf_counter()
        assert clock.ring() == 0
        times.append((time.perf_counter() - began) * 1000)
    return median(times)
