"""Keeps processes running: forks each, passes on its output, and forks it again when it dies.

A single thread does it all, because a process with several threads must not be forked.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO

RESTART_SECONDS = 1.0
STOP_SECONDS = 45  # a running action may take as long as a write to Jira
RECENT_SECONDS = 60
LOOK_SECONDS = 0.1
ENDS = (signal.SIGTERM, signal.SIGINT)
_FORK = multiprocessing.get_context("fork")
_PIECE = 65536


@dataclass
class Child:
    """One process; its output goes to a file in `logs` and, with its name in front, to the terminal."""

    name: str
    do: Callable[[], object]  # what the process does; it ends when this returns
    logs: Path
    process: BaseProcess | None = None
    said: int | None = None  # the pipe with its output
    rest: bytes = b""  # the beginning of an unfinished line
    log: IO[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    due: float | None = None  # when it is started again

    def start(self, others: Sequence[Child] = ()) -> None:
        """Fork it into a session of its own, so that Ctrl-C reaches it only through us, in our order."""
        self.hear(last=True)
        kept = [child.said for child in others if child.said is not None]
        self.said, said = os.pipe()
        self.log = (self.logs / f"{self.name}.log").open("ab", buffering=0)
        self.process = _FORK.Process(target=self._become, args=(said, [*kept, self.said]), name=self.name)
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # until the child has replaced our signal handlers
        self.process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        os.close(said)
        os.set_blocking(self.said, False)
        self.due = None

    def _become(self, said: int, not_ours: Sequence[int]) -> None:
        os.setsid()
        _name_process(self.name)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        for pipe in not_ours:
            os.close(pipe)
        for stream in (1, 2):
            os.dup2(said, stream)
        os.close(said)
        self.do()

    @property
    def ended(self) -> bool:
        """Whether it was started and has exited."""
        return self.process is not None and self.process.exitcode is not None

    def hear(self, *, last: bool = False) -> list[str]:
        """Return the complete lines that it wrote since the last call; `last` closes the pipe and the file."""
        if self.said is None or self.log is None:
            return []
        data = b"".join(iter(self._read, b""))
        self.log.write(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        if last:
            os.close(self.said)
            self.log.close()
            lines, self.rest, self.said, self.log = [*lines, *filter(None, [self.rest])], b"", None, None
        return [line.decode(errors="replace").rstrip() for line in lines]

    def _read(self) -> bytes:
        try:
            return os.read(self.said or 0, _PIECE)
        except BlockingIOError:
            return b""


class Supervisor:
    """Keeps the processes running until told to stop."""

    def __init__(self, processes: list[Child]) -> None:
        self._processes = processes
        self.stopping = False
        self.quiet = False  # if True, the processes' output goes only to their files

    def start(self, child: Child) -> None:
        """Start one process."""
        child.start(self._processes)

    def attend(self, until: Callable[[], bool], *, restart: bool = True) -> bool:
        """Watch the processes until `until` returns True; return False when told to stop before that.

        Unless `restart` is False, a process that dies is started again, later with each death in the last minute.
        """
        while not self.stopping:
            if until():
                return True
            self._pass_on(LOOK_SECONDS)
            for child in self._processes if restart else ():
                self._revive(child)
        return False

    def _pass_on(self, seconds: float) -> None:
        """Wait for output for so many seconds at most, and pass on what has come."""
        pipes = [child.said for child in self._processes if child.said is not None]
        select.select(pipes, [], [], seconds)
        for child in self._processes:
            self._say(child)

    def _say(self, child: Child, *, last: bool = False) -> None:
        for line in child.hear(last=last):
            if not self.quiet:
                say(f"{child.name:>7} | {line}")

    def _revive(self, child: Child) -> None:
        now = time.monotonic()
        if child.due is not None and now >= child.due:
            self.start(child)
        elif child.due is None and child.ended and child.process is not None:
            self._say(child, last=True)
            say(f"{child.name:>7} | ended with {child.process.exitcode}, starting it again")
            child.deaths = [death for death in (*child.deaths, now) if now - death < RECENT_SECONDS]
            child.due = now + RESTART_SECONDS * len(child.deaths)

    def stop(self) -> None:
        """End all processes, the last first, and kill those that do not end in time."""
        self.stopping = True
        for child in reversed(self._processes):
            if child.process is not None and not child.ended:
                self._end(child, child.process)
            self._say(child, last=True)

    def _end(self, child: Child, process: BaseProcess) -> None:
        process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while not child.ended:
            self._pass_on(LOOK_SECONDS)  # a process with a full pipe could not end
            if time.monotonic() > deadline:
                process.kill()


def say(line: str) -> None:
    """Write a line to the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _name_process(name: str) -> None:
    """Set the name that `ps` and `top` show, as forked processes share a command line."""
    try:
        Path("/proc/self/comm").write_text(name)
    except OSError:
        return
