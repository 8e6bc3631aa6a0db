"""Keeps processes running: forks each, passes on what it says, forks it anew when it dies.

One thread does it all, because a process that has several must not be forked.
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
    """One process; its lines go to a file in `logs` and, with its name in front, to the terminal."""

    name: str
    do: Callable[[], object]  # in the process, which ends with it
    logs: Path
    process: BaseProcess | None = None
    said: int | None = None  # the pipe with what it says
    rest: bytes = b""  # of a line that is not whole
    log: IO[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    due: float | None = None  # when it is started again

    def start(self, others: Sequence[Child] = ()) -> None:
        """Fork it into a session of its own, so that Ctrl-C reaches it through us and in order."""
        self.hear(last=True)
        kept = [child.said for child in others if child.said is not None]
        self.said, said = os.pipe()
        self.log = (self.logs / f"{self.name}.log").open("ab", buffering=0)
        self.process = _FORK.Process(target=self._become, args=(said, [*kept, self.said]), name=self.name)
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # until it has handlers of its own, which ours are not
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
        """True when it has come to an end by itself."""
        return self.process is not None and self.process.exitcode is not None

    def hear(self, *, last: bool = False) -> list[str]:
        """The whole lines that it has said since; `last`: nothing more will come."""
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
    """Keeps the processes running until it is told to stop."""

    def __init__(self, processes: list[Child]) -> None:
        self._processes = processes
        self.stopping = False
        self.quiet = False  # the processes' lines go to their files alone

    def start(self, child: Child) -> None:
        """Start one."""
        child.start(self._processes)

    def attend(self, until: Callable[[], bool], *, restart: bool = True) -> bool:
        """Look after all that were started until `until` says so; False when we are told to stop before.

        Who dies is started again, each time in a minute a little later, unless `restart` is False.
        """
        while not self.stopping:
            if until():
                return True
            self._pass_on(LOOK_SECONDS)
            for child in self._processes if restart else ():
                self._revive(child)
        return False

    def _pass_on(self, seconds: float) -> None:
        """Say what they say within so long."""
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
        """End all, the last first; kill who does not end."""
        self.stopping = True
        for child in reversed(self._processes):
            if child.process is not None and not child.ended:
                self._end(child, child.process)
            self._say(child, last=True)

    def _end(self, child: Child, process: BaseProcess) -> None:
        process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while not child.ended:
            self._pass_on(LOOK_SECONDS)  # whose words nobody took could not end
            if time.monotonic() > deadline:
                process.kill()


def say(line: str) -> None:
    """A line on the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _name_process(name: str) -> None:
    """What `ps` and `top` call it: forked processes share a command line."""
    try:
        Path("/proc/self/comm").write_text(name)
    except OSError:
        return
