"""What processes take of this machine, as Linux counts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep each core busy with a loop, as whatever else a machine has to do would."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def children(parent: int, named: str = "") -> list[int]:
    """The processes below one whose command has this in it, with theirs."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        pid = int(stat.parent.name)
        if int(after[1]) == parent and named in command:
            found += [pid, *children(pid, named)]
    return found


def name(pid: int) -> str:
    """What `ps` calls a process."""
    return Path(f"/proc/{pid}/comm").read_text().strip()


def cpu(pid: int) -> float:
    """The seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """What a process takes of memory (PSS): what it shares counts in parts, one for each who shares it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
