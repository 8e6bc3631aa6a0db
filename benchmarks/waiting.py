"""Waiting is free: 2,000 cases that wait and 2,000 dead letters beside 50 cases with work to do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.figures import show
from benchmarks.servers import Maker, command, fresh, stores
from config.settings import Settings
from desk.clock import machine_now
from receivers.webcrm_events import SOURCE, parse
from runtime.inbox import Arrival
from runtime.process import Process
from sandbox.live import LiveSandbox
from store import systems
from store.tables import deliveries as d
from tests.tickets import closing, ticket

OTHERS = 50
CROWD = 2000
BREAKERS = ("webcrm", "jira:main")
SECONDS = 180
COLUMNS = ("", "empty store s", "crowded s", "ratio", "worker MB", "grown by MB")


def main() -> None:
    """Measure on each database."""
    with stores() as makers:
        rows = [_measure(name, maker) for name, maker in makers.items()]
    show(f"{OTHERS} cases done beside {CROWD} that wait and {CROWD} dead letters", COLUMNS, rows)


def _measure(name: str, maker: Maker) -> list[object]:
    with _process(maker) as (process, sandbox, worker):
        _do(process, sandbox, "warm")
        empty = _do(process, sandbox, "empty")
        before = _megabytes(worker)
        _crowd(process)
        crowded = _do(process, sandbox, "crowded")
        after = _megabytes(worker)
    return [name, empty, crowded, crowded / empty, after, after - before]


@contextmanager
def _process(maker: Maker) -> Iterator[tuple[Process, LiveSandbox, int]]:
    """The bot's parts in this process, the sandbox, and a worker's process id."""
    with TemporaryDirectory() as folder, LiveSandbox(data_dir=folder) as sandbox, fresh(maker, sandbox.url) as env:
        process = Process(Settings.read(env))
        try:
            with command(env, "worker") as worker:
                yield process, sandbox, worker.pid
        finally:
            process.engine.dispose()


def _do(process: Process, sandbox: LiveSandbox, prefix: str) -> float:
    """Seconds until some cases are done that were accepted at once."""
    names = [f"{prefix}-{number}" for number in range(OTHERS)]
    for one in names:
        sandbox.put_ticket(ticket(id=one))
    began = time.perf_counter()
    _accept(process, names)
    _until(process, "done", names)
    return time.perf_counter() - began


def _crowd(process: Process) -> None:
    """Cases that wait because the worker found Jira down, and as many dead letters."""
    waiting, dead = ([f"{kind}-{number}" for number in range(CROWD)] for kind in ("waiting", "dead"))
    now = machine_now()
    with process.engine.begin() as connection:
        for breaker in BREAKERS:
            systems.trip_breaker(connection, breaker, reason="down", now=now, probe_at=now + timedelta(hours=1))
    _accept(process, waiting)
    _until(process, "waiting", waiting)
    _accept(process, dead)
    _until(process, "waiting", dead)
    with process.engine.begin() as connection:
        fate = {"state": "dead", "waits_for": None, "reason": "403: no permission", "finished_at": now}
        connection.execute(sa.update(d).where(d.c.delivery_id.like("dead-%")).values(fate))
        for breaker in BREAKERS:
            systems.set_breaker(connection, breaker, closed_at=None, failures=0)


def _accept(process: Process, names: list[str]) -> None:
    events = [parse(closing(ticket(id=name), id=name)).event for name in names]
    arrivals = [
        Arrival(SOURCE, event.id, f"{SOURCE}:{event.id}", event.type, json.dumps({"id": event.id}).encode(), event)
        for event in events
        if event is not None
    ]
    with process.engine.begin() as connection:
        process.inbox.add(connection, arrivals)


def _until(process: Process, state: str, names: list[str]) -> None:
    """Wait until the worker left every one of these in a state: done, or waiting for a system."""
    left = sa.or_(d.c.state != state, d.c.due_at.is_not(None))
    where = (d.c.source == SOURCE, d.c.delivery_id.in_(names), left)
    deadline = time.monotonic() + SECONDS
    while True:
        with process.engine.connect() as connection:
            count = connection.execute(sa.select(sa.func.count()).where(*where)).scalar_one()
        if not count:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {len(names)} deliveries are not {state} after {SECONDS} s")
        time.sleep(0.02)


def _megabytes(pid: int) -> float:
    """The resident memory of a process."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
