"""A day in Usedesk under its limit of calls: how many look-ups it needs for its comments, and how long it takes.

Nobody sleeps: between two moments with something due, the clocks are moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from benchmarks.figures import show
from benchmarks.servers import Maker, stores
from desk.clock import machine_now
from runtime.clock import Clock
from sandbox.live import LiveSandbox
from store.tables import deliveries, pauses, rate_limits, rate_turns
from tests.bot import Bot, free_port

MORNING = "2026-11-24T11:00:00+03:00"
DEPARTMENTS = ("service", "technical", "product", "warehouse", "service")
FIRST = 700_001  # the client's ticket of the first question; each has one of its own
COLUMNS = ("", "look-ups", "comments", "seconds", "most in 10 s")
TOKEN = {"api_token": "sandbox-usedesk-token"}
WINDOW = timedelta(seconds=10)


def main() -> None:
    """Measure on each database."""
    with stores() as makers:
        rows = [[name, *_measure(maker)] for name, maker in makers.items()]
    show("Five questions to departments, four messages, and what fires the next day", COLUMNS, rows)


def _measure(maker: Maker) -> list[object]:
    with TemporaryDirectory() as folder, _bot(maker, Path(folder)) as bot:
        day = Day(bot)
        day.ask()
        day.talk()
        day.fire()
        calls = bot.sandbox.calls("usedesk")
    looked = [call for call in calls if call["path"] in ("/usedesk/ticket", "/usedesk/tickets")]
    written = [call for call in calls if call["path"] == "/usedesk/create/comment"]
    return [len(looked), len(written), day.took / timedelta(seconds=1), _most(looked + written)]


@contextmanager
def _bot(maker: Maker, folder: Path) -> Iterator[Bot]:
    port = free_port()
    url = maker.fresh(folder)
    with LiveSandbox(f"http://127.0.0.1:{port}", folder) as sandbox, Bot(url, sandbox, folder, port) as bot:
        sandbox.usedesk_settings(rate_limit=False)  # it goes by the machine's time, which does not pass here
        sandbox.clock(set=MORNING)
        yield bot
    maker.drop(url)


@dataclass
class Day:
    """What happens, and how long the bot was busy with it."""

    bot: Bot
    took: timedelta = timedelta(0)
    outgoing: list[int] = field(default_factory=list)

    def ask(self) -> None:
        """Agents ask five departments at once."""
        for place, department in enumerate(DEPARTMENTS):
            client = FIRST + place
            self.bot.sandbox.put_usedesk(client, subject="Не включается", assignee_id=12, status=1)
            body = {"subject": f"Запрос: {department}", "message": "Проверьте, пожалуйста, плату.", "client_id": 6}
            body |= {"additional_id": f"{client}:{department}:1", "user_id": 12, "assignee_id": 12}
            made = self.bot.sandbox.call(
                "POST", "/usedesk/create/ticket", body | {"api_token": "sandbox-usedesk-token"}
            )
            self.outgoing.append(int(made["ticket_id"]))
        self._work()

    def talk(self) -> None:
        """Two departments answer, and two agents in tickets that are not theirs."""
        for ticket in self.outgoing[:2]:
            self.bot.sandbox.usedesk_act("client", ticket_id=ticket, message="Плата в порядке, нужен выезд мастера.")
        for ticket in (FIRST, FIRST + 1):
            self.bot.sandbox.usedesk_act("agent", ticket_id=ticket, message="Мастер приедет завтра.", user_id=13)
        self._work()

    def fire(self) -> None:
        """The next day everything that is due fires."""
        self.bot.sandbox.clock(advance="24h")
        Clock(self.bot.engine, self.bot.process.factory, self.bot.reloader).fire()
        self._work()

    def _work(self) -> None:
        """Work until nothing waits any more, from one moment to the next."""
        began = self.bot.process.clock.now()
        self.bot.work()
        while (due := self._next()) is not None:
            self._pass(due - machine_now() + timedelta(milliseconds=10))
            self.bot.work()
        self.took += self.bot.process.clock.now() - began

    def _next(self) -> datetime | None:
        waiting = sa.select(sa.func.min(deliveries.c.due_at, type_=deliveries.c.due_at.type))
        with self.bot.engine.connect() as connection:
            return connection.execute(waiting.where(deliveries.c.state == "waiting")).scalar()

    def _pass(self, time: timedelta) -> None:
        """Let time go by: the sandbox's clock goes on, and what is kept by the machine's time goes back."""
        time = max(time, timedelta(0))
        self.bot.sandbox.clock(advance=f"{time.total_seconds():.3f}s")
        with self.bot.engine.begin() as connection:
            for table, column in ((deliveries, deliveries.c.due_at), (pauses, pauses.c.until)):
                key = next(iter(table.primary_key))
                for name, moment in connection.execute(sa.select(key, column).where(column.is_not(None))).all():
                    connection.execute(sa.update(table).where(key == name).values({column: moment - time}))
            connection.execute(sa.update(rate_limits).values(at=rate_limits.c.at - time.total_seconds()))
            connection.execute(sa.update(rate_turns).values(due_at=rate_turns.c.due_at - time.total_seconds()))


def _most(calls: list[dict[str, Any]]) -> int:
    """The most calls in any ten seconds."""
    at = [datetime.fromisoformat(call["at"]) for call in calls]
    return max(sum(first <= one < first + WINDOW for one in at) for first in at)
