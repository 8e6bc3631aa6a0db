"""A worker is killed at a boundary, a healthy one finishes: what became of the ticket."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.live import LiveSandbox
from tests.bot import Bot, free_port
from tests.runtime.waiting import until
from tests.runtime.zygote import Boundary, Zygote
from tests.tickets import closing, ticket

VERBS = ("choose_components", "create_issue", "link_back", "write_key", "close_ticket")
MOMENTS = ("before", "begun", "answered", "done")
BOUNDARIES = (
    Boundary("accepted"),
    *(Boundary(moment, verb) for verb in VERBS for moment in MOMENTS),
    Boundary("unfinished"),
    Boundary("finished"),
)
LAG = 2.0  # seconds that Jira's search stays behind


@dataclass(frozen=True)
class Outcome:
    """What became of one ticket whose worker was killed once.

    `key_writes` and `closings` are the calls that had an effect: the same key written again and the same closing
    sent again under its idempotency key have none.
    """

    boundary: Boundary
    killed: bool
    state: str
    issues: int
    links: int
    key_writes: int
    closings: int
    carries_key: bool
    closed: bool
    steps: tuple[tuple[str, str], ...]
    seconds: float

    @property
    def right(self) -> bool:
        """Exactly one issue and one write-back, nothing lost."""
        once = (self.issues, self.links, self.key_writes, self.closings) == (1, 1, 1, 1)
        whole = self.steps == tuple((verb, "done") for verb in VERBS)
        return once and whole and self.killed and self.carries_key and self.closed and self.state == "done"


@functools.cache
def zygote() -> Zygote:
    """The zygote of this process; it ends with it."""
    made = Zygote()
    atexit.register(made.__exit__, None, None, None)
    return made


def crash_run(database_url: str, boundary: Boundary) -> Outcome:
    """Kill a worker at `boundary` on a migrated database, let another finish; what became of the ticket."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveSandbox(data_dir=folder) as sandbox,
        Bot(database_url, sandbox, Path(folder), free_port()) as bot,
    ):
        if boundary == Boundary("answered", "create_issue"):
            sandbox.search_lag(LAG)
            bot.set_config(SEARCH_SETTLE=f"{LAG + 0.5}s")
        return _crash(bot, boundary, Path(folder) / "workers.log")


def _crash(bot: Bot, boundary: Boundary, log: Path) -> Outcome:
    begun = time.monotonic()
    made = ticket(seller=None)
    bot.sandbox.put_ticket(made)
    event = closing(made)
    victim = zygote().start(bot.env, log, crash=boundary)
    assert bot.crm(event) == 202
    status = until(lambda: zygote().status(victim), f"the worker dies at {boundary}", log=log)
    rescuer = zygote().start(bot.env, log)
    try:
        until(_finished(bot, event["id"]), f"the delivery ends after {boundary}", log=log)
    finally:
        end(rescuer)
    return _outcome(bot, boundary, event, status == -signal.SIGKILL, time.monotonic() - begun)


def end(pid: int, by: signal.Signals = signal.SIGKILL) -> int:
    """End a process, at once or in order (SIGTERM); its status."""
    os.kill(pid, by)
    until(lambda: zygote().status(pid) is not None, "a process ends")
    return zygote().status(pid) or 0


def _finished(bot: Bot, delivery: str) -> Callable[[], bool]:
    return lambda: bool(bot.delivery(delivery).state in ("done", "dead"))


def _outcome(bot: Bot, boundary: Boundary, event: dict[str, Any], killed: bool, seconds: float) -> Outcome:
    issues, after = bot.sandbox.issues(), bot.sandbox.ticket(event["ticket"]["id"])
    keys = [call["body"]["jira_key"] for call in bot.sandbox.calls("webcrm") if call["method"] == "PATCH"]
    with bot.sandbox.state.lock:
        closings = [key for key in bot.sandbox.state.answered if "/close" in key]
    return Outcome(
        boundary=boundary,
        killed=killed,
        state=bot.delivery(event["id"]).state,
        issues=len(issues),
        links=sum(len(bot.sandbox.remote_links(issue["id"])) for issue in issues),
        key_writes=sum(1 for _ in itertools.groupby(keys)),
        closings=len(closings),
        carries_key=after["jira_key"] == issues[0]["key"] if issues else False,
        closed=after["status"] == "Закрыт",
        steps=tuple((verb, outcome) for _, verb, outcome in bot.steps(event["id"])),
        seconds=seconds,
    )
