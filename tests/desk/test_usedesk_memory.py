"""Who is put off by the limit of calls does not look everything up again; what may have changed is looked up anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from desk.usedesk import memory
from desk.usedesk.memory import Asker
from store.tables import deliveries, rate_limits
from tests.bot import Bot
from tests.handlers.request_life import (
    CLIENT,
    answer,
    ask,
    comments,
    finish,
    fire_due,
    outgoing,
    prepare,
    states,
)

SECOND = timedelta(seconds=1)


def looked(bot: Bot) -> list[str]:
    """The tickets that were looked up, in order."""
    calls = bot.sandbox.calls("usedesk")
    return [str(call["body"]["ticket_id"]) for call in calls if call["path"] == "/usedesk/ticket"]


def allow(bot: Bot, calls: int) -> None:
    """Let so many calls pass, and no more for the next minutes; whoever waits comes back in any order."""
    with bot.engine.begin() as connection:
        waiting = sa.update(deliveries).where(deliveries.c.state == "waiting")
        connection.execute(waiting.values(due_at=machine_now()))
        connection.execute(sa.delete(rate_limits))
        at = machine_now() + timedelta(minutes=10)
        connection.execute(sa.insert(rate_limits).values(name="usedesk", tokens=calls, at=at.timestamp()))
    bot.work()


def ask_slowly(bot: Bot, **between: Any) -> None:
    """A request whose delivery is put off after each single call; `between`: what is done after the first ones."""
    allow(bot, 0)
    made = bot.sandbox.call(
        "POST",
        "/usedesk/create/ticket",
        {"subject": "Запрос", "message": "Проверьте плату.", "client_id": 6, "user_id": 12, "assignee_id": 12}
        | {"additional_id": f"{CLIENT}:service:1", "api_token": "sandbox-usedesk-token"},
    )
    bot.work()
    for turn in range(6):
        allow(bot, 1)
        if turn == 1:
            for change in between.values():
                change(int(made["ticket_id"]))
    finish(bot)


@pytest.mark.rule("U-14", "U-16")
def test_what_was_looked_up_is_known_when_the_turn_has_come(any_bot: Bot) -> None:
    prepare(any_bot)
    ask_slowly(any_bot)
    assert states(any_bot) == [(1, "open", None)]
    (department,) = set(looked(any_bot)) - {str(CLIENT)}
    assert looked(any_bot) == [str(CLIENT), department]
    assert len(comments(any_bot, CLIENT)) + len(comments(any_bot, int(department))) == 3


def test_what_somebody_changed_meanwhile_is_looked_up_anew(any_bot: Bot) -> None:
    prepare(any_bot)

    def change(_department: int) -> None:
        any_bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, message="Уже решено", private=True)
        any_bot.sandbox.drain()

    ask_slowly(any_bot, change=change)
    assert looked(any_bot).count(str(CLIENT)) == 2


def test_another_worker_looks_for_itself(any_bot: Bot) -> None:
    prepare(any_bot)

    def restart(_department: int) -> None:
        any_bot.process.factory._memory = memory.Memory(any_bot.engine, any_bot.process.clock.now)

    ask_slowly(any_bot, restart=restart)
    assert looked(any_bot).count(str(CLIENT)) == 2
    assert len(comments(any_bot, CLIENT)) == 2


def test_what_is_long_ago_is_looked_up_anew(any_bot: Bot) -> None:
    prepare(any_bot)

    def wait(_department: int) -> None:
        any_bot.sandbox.clock(advance=f"{memory.KEPT.total_seconds() + 1:.0f}s")

    ask_slowly(any_bot, wait=wait)
    assert looked(any_bot).count(str(CLIENT)) == 2


@pytest.mark.rule("U-30")
def test_a_reminder_looks_whether_it_is_answered(any_bot: Bot) -> None:
    """The memory of who asked is nothing to the timer: an answer whose webhook was lost stands in Usedesk alone."""
    prepare(any_bot)
    ask(any_bot)
    any_bot.sandbox.usedesk_settings(webhooks=False)
    answer(any_bot)
    with any_bot.engine.begin() as connection:  # it is due a second later
        now = any_bot.process.clock.now()
        connection.execute(sa.text("UPDATE alarms SET due_at = :now").bindparams(sa.bindparam("now", now)))
    any_bot.sandbox.clock(advance="1s")
    fire_due(any_bot)
    finish(any_bot)
    assert states(any_bot) == [(1, "answered", "comment")]


def test_after_an_unknown_outcome_nothing_is_remembered(any_bot: Bot) -> None:
    prepare(any_bot)
    any_bot.sandbox.fault(system="usedesk", match="POST /usedesk/create/comment", status=0, after_effect=True)
    ask(any_bot)
    assert looked(any_bot).count(str(CLIENT)) == 3  # at first, again from the top, and for the comment itself
    assert len(comments(any_bot, CLIENT)) == 2


@pytest.mark.rule("U-30", "U-31")
def test_words_to_clients_and_reminders_go_before_notes(any_bot: Bot) -> None:
    prepare(any_bot)
    ask(any_bot)
    others = (CLIENT + 1, CLIENT + 2, CLIENT + 3)
    for ticket in others:
        any_bot.sandbox.put_usedesk(ticket, assignee_id=12, status=1)
    any_bot.sandbox.clock(advance="24h")
    allow(any_bot, 0)
    for ticket in others:  # an agent answers in a ticket of somebody else's: a note tells so (U-02)
        any_bot.sandbox.usedesk_act("agent", ticket_id=ticket, message="Сейчас узнаю", user_id=13)
    any_bot.work()
    assert fire_due(any_bot) == 1
    any_bot.work()
    written = []
    for _ in range(8):
        before = {number for number, _ in comments_of(any_bot)}
        allow(any_bot, 1)
        written += [ticket for number, ticket in comments_of(any_bot) if number not in before]
    # the look-up, the department's reminder, M-5, the agent's reminder; then the notes, in their order
    assert written == [outgoing(), CLIENT, CLIENT, *others]


def comments_of(bot: Bot) -> list[tuple[str, int]]:
    """The bot's comments in all tickets, as (number, ticket)."""
    with bot.sandbox.state.lock:
        tickets = list(bot.sandbox.state.usedesk.tickets.values())
    return [(str(one["id"]), ticket.id) for ticket in tickets for one in ticket.comments if one["user_id"] == 1]


@pytest.mark.rule("U-03")
def test_a_list_is_known_when_the_turn_has_come(any_bot: Bot) -> None:
    prepare(any_bot)
    any_bot.sandbox.put_usedesk(CLIENT + 1, subject="Гремит", status=1)
    allow(any_bot, 0)
    any_bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, assignee_id=13)
    for _ in range(3):
        allow(any_bot, 1)
    finish(any_bot)
    asked = [call["path"] for call in any_bot.sandbox.calls("usedesk")]
    assert asked.count("/usedesk/tickets") == 1
    assert "Гремит" in comments(any_bot, CLIENT)[0]


def test_for_whom_it_holds(bot: Bot) -> None:
    bot.sandbox.put_usedesk(CLIENT, subject="Не включается")
    factory, now = bot.process.factory, bot.process.clock.now
    desk, _ = factory.dry(bot.reloader.current(), "test")
    ticket = desk.usedesk.read(str(CLIENT))

    def known(case: str, ago: timedelta) -> Any:
        return factory._memory.ticket(str(CLIENT), Asker(case, now() - ago))

    assert known("test", -SECOND).value == ticket
    assert known("another", timedelta(minutes=1)).value == ticket
    assert known("later", -SECOND) is None
    assert desk.usedesk.read("1") is None  # three calls: there is none for certain
    asked = looked(bot)
    assert desk.usedesk.read("1") is None
    assert looked(bot) == asked
