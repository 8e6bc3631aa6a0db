"""Who lost his delivery writes nothing: the owner is asked right before every write, in each system."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from desk.chats import ChatMessage, receivers
from desk.circuit_breaker import Call, CircuitBreaker
from desk.clock import machine_now
from desk.context import DeskContext
from desk.faults import LeaseLostError
from desk.run import Run
from store.tables import cases, deliveries
from tests.bot import Bot
from tests.tickets import ticket

ME, OTHER = "worker-1", "worker-2"
MINE = 1_000_000  # apart from what the sandbox tells
CREATE = Call("jira:main", "POST /issue")


@dataclass
class Room:
    """A delivery that is being run by a worker who leases its case, and what the run works with."""

    bot: Bot
    run: Run
    around: DeskContext
    issue: str

    def change(self, table: sa.Table, **values: Any) -> None:
        """What another worker, or time, did meanwhile."""
        with self.bot.engine.begin() as connection:
            connection.execute(sa.update(table).values(**values))

    def calls(self) -> list[tuple[str, str]]:
        """What reached the other systems."""
        return [(call["method"], call["path"]) for call in self.bot.sandbox.calls()]


@pytest.fixture
def room(any_bot: Bot) -> Iterator[Room]:
    """A worker in the middle of a delivery; WebCRM has a ticket, Jira an issue."""
    bot, now = any_bot, machine_now()
    config, factory = bot.reloader.current(), bot.process.factory
    bot.sandbox.put_ticket(ticket(id="1"))
    bot.sandbox.put_usedesk(900, subject="Тема", comments=[{"message": "Вопрос"}])
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Обращение партнёра"}, "summary": "Водитель"}
    made = factory.site(config, "main").create(fields, {})
    row = {"id": MINE, "source": "webcrm", "delivery_id": "d", "case_id": "webcrm:1", "type": "ticket.closing"}
    state = {"state": "running", "run_token": "mine", "body": "{}", "received_at": now}
    with bot.engine.begin() as connection:
        connection.execute(sa.insert(deliveries).values(**row, **state))
        connection.execute(sa.insert(cases).values(case_id="webcrm:1", worker=ME, until=now + timedelta(minutes=1)))
    run = Run(MINE, "webcrm/d", "webcrm:1", "mine", worker=ME)
    yield Room(bot, run, factory.open(run, config, now, lambda: None)[0]._context, made.id)
    bot.sandbox.drain()


def chat_of(room: Room) -> SecretStr:
    """The address of a chat in the sandbox."""
    return SecretStr(f"json://{room.bot.sandbox.url.removeprefix('http://')}/chat/service")


WRITES: dict[str, Callable[[Room], object]] = {
    "Jira": lambda room: room.around.site("main").edit(room.issue, {"labels": [{"add": "x"}]}),
    "WebCRM": lambda room: room.around.crm().note("1", "…", "key"),
    "Usedesk": lambda room: room.around.usedesk().comment("900", "…"),
    "a chat": lambda room: room.around.chats.send(receivers([chat_of(room)])[0], ChatMessage("…")),
}
LOST: dict[str, Callable[[Room], None]] = {
    "taken over": lambda room: room.change(deliveries, run_token="another's"),
    "ended by another": lambda room: room.change(deliveries, state="done"),
    "its lease is over": lambda room: room.change(cases, until=machine_now() - timedelta(seconds=1)),
    "leased by another": lambda room: room.change(cases, worker=OTHER),
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("system", WRITES)
def test_a_worker_that_slept_writes_nothing_into_any_system(room: Room, system: str, lost: str) -> None:
    WRITES[system](room)
    LOST[lost](room)
    before = room.calls()
    with pytest.raises(LeaseLostError):
        WRITES[system](room)
    assert [call for call in room.calls()[len(before) :] if "sandbox" not in call[1]] == []


@pytest.mark.parametrize("lost", LOST)
def test_to_look_needs_no_delivery(room: Room, lost: str) -> None:
    LOST[lost](room)
    room.around.site("main").search('labels = "x"', ["labels"])
    room.around.site("main").comments(room.issue)
    room.around.crm().ticket("1")
    room.around.usedesk().ticket("900")


def test_one_runs_client_does_not_answer_for_another(room: Room) -> None:
    kept = room.bot.process.factory.site(room.bot.reloader.current(), "main")
    room.change(deliveries, run_token="another's")
    other = Run(MINE, "webcrm/d", "webcrm:1", "another's", worker=ME)
    kept.asked_by(other).edit(room.issue, {"labels": [{"add": "x"}]})
    with pytest.raises(LeaseLostError):
        kept.asked_by(room.run).edit(room.issue, {"labels": [{"add": "y"}]})


def test_the_owner_is_asked_together_with_the_breaker(room: Room) -> None:
    breaker = CircuitBreaker(room.bot.engine, room.bot.reloader.current().runtime, lambda *_: None).asked_by(room.run)
    asked: list[str] = []
    mine = threading.get_ident()  # receivers take webhooks of the sandbox's meanwhile

    def listen(*given: Any) -> None:
        if threading.get_ident() == mine:
            asked.append(given[2])

    sa.event.listen(room.bot.engine, "before_cursor_execute", listen)
    breaker.pass_through(CREATE, lambda: None)
    sa.event.remove(room.bot.engine, "before_cursor_execute", listen)
    assert len(asked) == 1, asked
