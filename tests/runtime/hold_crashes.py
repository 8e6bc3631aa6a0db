"""A worker is killed in the middle of a hold, a healthy one finishes: what became of issue, ticket and hold."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from desk.adf_text import plain_text
from sandbox.live import LiveSandbox
from store.holds import timer_key
from store.tables import holds, timers
from tests.bot import Bot, free_port
from tests.runtime.crashes import LAG, MOMENTS
from tests.runtime.hold_scenarios import ANSWER, SCENARIOS, Counts, Delivery, Standing
from tests.runtime.waiting import until
from tests.runtime.zygote import Boundary, Zygote

Place = tuple[str, Boundary]  # scenario, where its worker dies
HOLD_BOUNDARIES: tuple[Place, ...] = tuple(
    (name, Boundary(moment, verb))
    for name, scenario in SCENARIOS.items()
    for verb in scenario.verbs
    for moment in MOMENTS
)
SECONDS = 180  # the longest that anything may take
MAKING = threading.Lock()  # routes are compiled by `ast`, which Python 3.11 does not let two threads do at once


@dataclass(frozen=True)
class Outcome:
    """What became of one hold whose worker was killed once; `twice` are texts that were written more than once."""

    scenario: str
    boundary: Boundary
    killed: bool
    state: str
    steps: tuple[tuple[str, str], ...]
    counts: Counts
    standing: Standing
    twice: tuple[str, ...]
    seconds: float

    @property
    def right(self) -> bool:
        """Everything once and in its order, nothing half, nothing lost."""
        known = SCENARIOS[self.scenario]
        done = tuple(verb for verb, outcome in self.steps if outcome in ("done", "unchanged"))
        ended = self.killed and self.state == "done" and len(done) == len(self.steps)
        as_due = (done, self.counts, self.standing) == (known.verbs, known.counts, known.standing)
        return ended and as_due and not self.twice


class SharedZygote(Zygote):
    """A zygote that several threads may order from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        super().__init__()

    def _ask(self, order: dict[str, Any]) -> Any:
        with self._lock:
            return super()._ask(order)


@functools.cache
def zygote() -> Zygote:
    """The zygote of this process; it ends with it. Ask once before threads do."""
    made = SharedZygote()
    atexit.register(made.__exit__, None, None, None)
    return made


def hold_crash_run(database_url: str, scenario: str, boundary: Boundary) -> Outcome:
    """Kill a worker at `boundary` on a migrated database, let another finish; what became of the hold."""
    return hold_crash_runs(database_url, [(scenario, boundary)])[0]


def hold_crash_runs(database_url: str, places: Sequence[Place]) -> list[Outcome]:
    """Kill a worker at each place in turn, each with a ticket of its own; then one worker finishes them all.

    A place in a scenario with hooks comes alone: a dead worker keeps the other cases that Jira spoke of.
    """
    port = free_port()
    hooks = any(SCENARIOS[scenario].hooks for scenario, _ in places)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        with MAKING:
            sandbox = LiveSandbox(bot_url=f"http://127.0.0.1:{port}" if hooks else None, data_dir=folder)
            bot = Bot(database_url, sandbox, Path(folder), port)
        running.enter_context(sandbox)
        running.enter_context(bot)
        if any(boundary == Boundary("answered", "create_issue") for _, boundary in places):
            sandbox.search_lag(LAG)
            bot.set_config(SEARCH_SETTLE=f"{LAG + 0.5}s")
        log = Path(folder) / "workers.log"
        runs = [_Run(bot, place, log) for place in places]
        for run in runs:
            run.prepare()
        for run in runs:
            run.kill()
        _finish(bot, runs, log)
        return [run.outcome() for run in runs]


class _Run:
    """One ticket, whose worker is killed."""

    def __init__(self, bot: Bot, place: Place, log: Path) -> None:
        self._bot, self._log = bot, log
        self._name, self._boundary = place
        self._killed = False
        self.delivery: Delivery = ("", "")

    def prepare(self) -> None:
        """Bring the ticket to where the procedure begins."""
        self._begun = time.monotonic()
        self._event = SCENARIOS[self._name].prepare(self._bot)
        self._number = str(self._event["ticket"]["id"])
        self._before = self._counts()

    def kill(self) -> None:
        """Set the procedure going, with a worker that dies in it."""
        victim = zygote().start(self._bot.env, self._log, crash=self._boundary)
        self.delivery = SCENARIOS[self._name].send(self._bot, self._event)
        what = f"the worker dies: {self._name} {self._boundary}"
        status = until(lambda: zygote().status(victim), what, seconds=SECONDS, log=self._log)
        self._killed = status == -signal.SIGKILL

    def ended(self) -> bool:
        """Whether the delivery is finished."""
        source, number = self.delivery
        return self._bot.delivery(number, source).state in ("done", "dead")

    def outcome(self) -> Outcome:
        """What became of the ticket."""
        source, number = self.delivery
        after, before = self._counts(), self._before
        return Outcome(
            scenario=self._name,
            boundary=self._boundary,
            killed=self._killed,
            state=self._bot.delivery(number, source).state,
            steps=tuple((verb, outcome) for _, verb, outcome in self._bot.steps(number, source)),
            counts=Counts(**{name: getattr(after, name) - getattr(before, name) for name in Counts.__annotations__}),
            standing=self._standing(),
            twice=tuple(text for texts in self._texts() for text in set(texts) if texts.count(text) > 1),
            seconds=time.monotonic() - self._begun,
        )

    def _issues(self) -> list[dict[str, Any]]:
        label = f"webcrm-{self._number}"
        return [issue for issue in self._bot.sandbox.issues() if label in issue["fields"]["labels"]]

    def _texts(self) -> tuple[list[str], list[str]]:
        """All comments in the ticket's issues, all internal notes in the ticket."""
        made = self._bot.sandbox.ticket(self._number)
        written = [comment for issue in self._issues() for comment in issue["fields"]["comment"]["comments"]]
        comments = [plain_text(comment["body"]).strip() for comment in written]
        return comments, [one["text"] for one in made["messages"] if one["visibility"] == "internal"]

    def _counts(self) -> Counts:
        calls, sandbox = self._bot.sandbox.calls(), self._bot.sandbox
        ways = [f"/issue/{issue['id']}/transitions" for issue in self._issues()]
        moved = [one for one in calls if one["method"] == "POST" and one["path"].endswith(tuple(ways))]
        patched = [one for one in calls if one["method"] == "PATCH" and one["path"].endswith(f"/{self._number}")]
        with sandbox.state.lock:
            closings = [key for key in sandbox.state.answered if f"/{self._number}/close" in key]
        comments, notes = self._texts()
        return Counts(
            moves=len(moved),
            comments=len([text for text in comments if text != ANSWER]),
            notes=len(notes),
            key_writes=sum(1 for _ in itertools.groupby(one["body"]["jira_key"] for one in patched)),
            closings=len(closings),
        )

    def _standing(self) -> Standing:
        issues, made = self._issues(), self._bot.sandbox.ticket(self._number)
        mine = sa.select(holds).where(holds.c.ticket_id == self._number).order_by(holds.c.id)
        with self._bot.engine.connect() as connection:
            rows = connection.execute(mine).all()
            keys = [timer_key(row.id) for row in rows]
            states = connection.execute(sa.select(timers.c.state).where(timers.c.key.in_(keys))).scalars()
            timer = ", ".join(states)
        fields, hold = issues[0]["fields"], rows[-1]
        return Standing(
            status=fields["status"]["name"],
            purpose=issues[0]["properties"]["smezhnik"]["purpose"],
            hold=(hold.kind, hold.stage, hold.ended_why, tuple(hold.components_taken or ())),
            timer=timer,
            components=tuple(one["name"] for one in fields["components"]),
            issues=len(issues),
            links=sum(len(self._bot.sandbox.remote_links(issue["id"])) for issue in issues),
            holds=len(rows),
            carries_key=made["jira_key"] == issues[0]["key"],
            closed=made["status"] == "Закрыт",
        )


def _finish(bot: Bot, runs: Sequence[_Run], log: Path) -> None:
    """A healthy worker, until all deliveries are finished."""
    rescuer = zygote().start(bot.env, log)
    try:
        until(lambda: all(run.ended() for run in runs), "the deliveries end", seconds=SECONDS, log=log)
    finally:
        os.kill(rescuer, signal.SIGKILL)
        until(lambda: zygote().status(rescuer) is not None, "the rescuer ends")
