"""What `make run` takes: seconds until it is ready, and the memory of each process, at rest and after the samples.

PSS: what processes share counts once. The sandbox is not counted; at rest there is none.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import show
from benchmarks.processes import children, megabytes, name
from benchmarks.servers import ROOT, Maker, fresh, stores
from config.settings import Settings
from tests.bot import free_port
from tests.test_app import REAL

PROCESSES = ("supervisor", "web", "worker", "worker2", "clock")
REST_SECONDS = 10  # every duty of the clock but the rare ones has had its turn
START_SECONDS = 120
SAMPLES_SECONDS = 300
COLUMNS = ("", "ready, s", *(f"{process}, MB" for process in PROCESSES), "in all, MB", "after the samples, MB")


def main() -> None:
    """Measure on each database; what a first start writes is there already."""
    with stores() as makers:
        rows = [_measure(database, maker) for database, maker in makers.items()]
    show("make run, without its sandbox", COLUMNS, rows)


def _measure(database: str, maker: Maker) -> list[object]:
    with fresh(maker) as given:
        env = {name: value for name, value in given.items() if name.lower() not in Settings.model_fields}
        env |= {name: given[name] for name in ("DATABASE_URL", "DATA_DIR")} | {"PORT": str(free_port())}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # as the Makefile does it
        with _running(env | REAL, "clock started"):
            pass
        began = time.perf_counter()
        with _running(env | REAL, "clock started") as (pid, ready):
            seconds = ready - began
            time.sleep(REST_SECONDS)
            rest = _memory(pid)
        with _running(env | {"SANDBOX_PORT": str(free_port())}, "Three things to try") as (pid, _):
            worked = _memory(pid)
    return [database, seconds, *(rest[process] for process in PROCESSES), sum(rest.values()), sum(worked.values())]


@contextmanager
def _running(env: Mapping[str, str], words: str) -> Iterator[tuple[int, float]]:
    """`make run` once it has said these words: its process, and the moment at which it was ready."""
    log = Path(env["DATA_DIR"]) / "run.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "cli.run"], cwd=ROOT, env=dict(env), stdout=out, stderr=out)
    try:
        ready = _ready(process, env["PORT"])
        deadline = time.monotonic() + SAMPLES_SECONDS
        while words not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        yield process.pid, ready
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def _ready(process: subprocess.Popen[bytes], port: str) -> float:
    """The moment at which `/health/ready` says so."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return time.perf_counter()
    raise RuntimeError("make run did not start")


def _memory(supervisor: int) -> dict[str, float]:
    """Megabytes by process; those of gunicorn are one."""
    taken = defaultdict(float, {PROCESSES[0]: megabytes(supervisor)})
    for pid in children(supervisor):
        if "sandbox" not in (Path(f"/proc/{pid}/cmdline").read_text()):
            taken[name(pid)] += megabytes(pid)
    return taken
