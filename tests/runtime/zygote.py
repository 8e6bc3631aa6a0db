"""Real processes that cost little to start: one process imports everything once, then forks a child per order.

`Zygote` is the side of the tests; `python -m tests.runtime.zygote` is the process. A child may be told to kill itself
at a boundary, by patches that are made in that child alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Boundary:
    """Where a worker dies: `before`, `begun`, `answered` or `done` of a verb; `accepted`, `unfinished`, `finished`."""

    moment: str
    verb: str | None = None

    def __str__(self) -> str:
        return f"{self.verb or 'delivery'}-{self.moment}"


class Zygote:
    """Starts workers and clocks as processes; a context manager."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.runtime.zygote"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 # our own

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the zygote, which ends what it started."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait(30)
            self._process.stdout.close()

    def start(
        self,
        env: dict[str, str],
        log: Path,
        role: str = "worker",
        crash: Boundary | None = None,
        freeze: str | int | None = None,
    ) -> int:
        """Start a process that ends by a signal or at its boundary, or freezes at a place (see `freezing`); its id."""
        boundary = {"verb": crash.verb, "moment": crash.moment} if crash else None
        return int(self._ask({"env": env, "log": str(log), "role": role, "crash": boundary, "freeze": freeze}))

    def status(self, pid: int) -> int | None:
        """The exit status of a process (negative: the signal that ended it), None while it runs."""
        answer = self._ask({"pid": pid})
        return None if answer is None else int(answer)

    def _ask(self, order: dict[str, Any]) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the zygote has no pipes")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def main() -> None:
    """Fork a child per order until the orders end; what still runs then is killed."""
    from tests.runtime import freezing, roles  # noqa: F401, PLC0415 # the side of the tests needs none of it

    running: dict[int, int | None] = {}
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "env" in order:
            pid = os.fork()
            if pid == 0:
                sys.exit(_child(order, roles.ROLES[order["role"]]))
            running[pid] = None
            answer: int | None = pid
        else:
            answer = running[order["pid"]] = _status(order["pid"], running[order["pid"]])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid, status in running.items():
        if _status(pid, status) is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _status(pid: int, known: int | None) -> int | None:
    if known is not None:
        return known
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _child(order: dict[str, Any], role: Callable[[dict[str, str]], None]) -> int:
    from tests.runtime.freezing import freeze_at  # noqa: PLC0415 # as above
    from tests.runtime.roles import die_at  # noqa: PLC0415

    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order["env"])
    try:
        if order["crash"]:
            die_at(**order["crash"])
        if order["freeze"] is not None:
            freeze_at(order["freeze"])
        role(order["env"])
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
