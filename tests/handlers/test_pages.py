"""What is said on pages, in the store: snoozed, answered, handed over, and taken back; twice is once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from events import BotEvent, HoldAnsweredEvent, PersonActionEvent, RequestEvent
from runtime.own_events import post
from store import holds, requests
from store.tables import timers
from tests.bot import Bot
from tests.handlers.test_holds import for_ozon, for_seller, hold

Begin = Callable[[Bot], dict[str, Any]]
HOUR = timedelta(hours=1)


def say(bot: Bot, *events: BotEvent) -> None:
    """File events, each twice, and do them."""
    for event in (*events, *events):
        with bot.engine.begin() as connection:
            post(connection, event)
        bot.work(settle=False)
    bot.runner = bot.new_runner()


def asked(bot: Bot) -> int:
    """A request to a department, from a ticket of no CRM, so that only rows are changed."""
    now = machine_now()
    row = {"source": "jira", "ticket_id": "1", "department": "service", "origin": "jira", "text": "?", "since": now}
    with bot.engine.begin() as connection:
        made = requests.add(connection, row | {"answer_required": True, "opened_by": "x", "owner_id": "17"})
        requests.arm(connection, made, now + 24 * HOUR, now, due_at=now + 24 * HOUR)
    return made.id


def event(kind: str, number: int, key: str, **given: Any) -> PersonActionEvent:
    """A person's word."""
    about = {"occurred_at": machine_now(), "key": key, "number": number, "ticket_source": "jira", "ticket_id": "1"}
    return PersonActionEvent.model_validate(about | {"type": kind, "by": "lead@example.test"} | given)


def request_of(bot: Bot, number: int) -> requests.Request:
    """How it stands."""
    with bot.engine.connect() as connection:
        found = requests.get(connection, number)
    assert found is not None
    return found


def pending(bot: Bot) -> list[str]:
    """The timers that are set."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(timers.c.key).where(timers.c.state == "pending")).scalars())


def test_a_snooze_is_taken_back(any_bot: Bot) -> None:
    number = asked(any_bot)
    until = machine_now() + 100 * HOUR
    about = {"occurred_at": machine_now(), "request": number}
    say(any_bot, RequestEvent(type="request.snoozed", key="a", until=until, reason="Отпуск", **about))
    assert request_of(any_bot, number).snoozed_until == until
    say(any_bot, event("request.woken", number, "b"))
    now = request_of(any_bot, number)
    assert (now.snoozed_until, now.snooze_reason, now.state) == (None, None, "open")
    assert now.next_at is not None
    assert now.next_at < until
    assert pending(any_bot) == [f"request:{number}:{now.ring}"]


def test_an_answer_of_a_page_is_taken_back_and_another_is_not(any_bot: Bot) -> None:
    number = asked(any_bot)
    about = {"occurred_at": machine_now(), "request": number}
    say(any_bot, RequestEvent(type="request.answered", key="a", by="lead@example.test", **about))
    assert request_of(any_bot, number).state == "answered"
    assert pending(any_bot) == []
    say(any_bot, event("request.reopened", number, "b"))
    now = request_of(any_bot, number)
    assert (now.state, now.answered_at, now.closed_why) == ("open", None, None)
    assert pending(any_bot) == [f"request:{number}:{now.ring}"]
    with any_bot.engine.begin() as connection:
        requests.close(connection, number, requests.Ending("answered", "comment", machine_now()), "x", machine_now())
    say(any_bot, event("request.reopened", number, "c"))
    assert request_of(any_bot, number).state == "answered"


def test_a_request_is_handed_over_and_back(any_bot: Bot) -> None:
    number = asked(any_bot)
    for key, owner in (("a", "99"), ("b", "17")):
        say(any_bot, event("request.reassigned", number, key, owner=owner))
        assert request_of(any_bot, number).owner_id == owner
    assert [row.verb for row in any_bot.ledger("said:a", "bot")] == ["hand_over_requests"]


def test_a_hold_is_put_off_answered_taken_back_and_handed_over(any_bot: Bot) -> None:
    now = machine_now()
    row = {"source": "jira", "ticket_id": "1", "kind": "client", "stage": "waiting", "owner_id": "17"}
    with any_bot.engine.begin() as connection:
        number = holds.begin(connection, row | {"due_at": now + HOUR}, now)

    def stands() -> holds.Hold:
        with any_bot.engine.connect() as connection:
            found = holds.get(connection, number)
        assert found is not None
        return found

    say(any_bot, event("hold.snoozed", number, "a", until=now + 50 * HOUR, reason="Отпуск"))
    assert stands().due_at == now + 50 * HOUR
    say(any_bot, event("hold.reassigned", number, "b", owner="99"))
    assert stands().owner_id == "99"
    about = {"ticket_source": "jira", "ticket_id": "1", "hold": number, "who": "agent"}
    say(any_bot, HoldAnsweredEvent(occurred_at=now, delivery="c", **about))
    assert stands().ended_why == "answered"
    say(any_bot, event("hold.reopened", number, "d"))
    assert (stands().ended_at, stands().ended_why) == (None, None)
    with any_bot.engine.begin() as connection:
        holds.end(connection, number, why="solved", by="x", now=now)
    say(any_bot, event("hold.reopened", number, "e"))
    assert stands().ended_why == "solved"


@pytest.mark.parametrize(("begin", "label"), [(for_ozon, "hold-ozon"), (for_seller, "hold-seller")])
def test_what_a_page_ended_in_jira_stands_there_again_when_it_is_taken_back(bot: Bot, begin: Begin, label: str) -> None:
    made = begin(bot)
    waits = hold(bot)

    def labels() -> list[str]:
        return list(bot.sandbox.issues()[0]["fields"]["labels"])

    assert label in labels()
    about = {"ticket_source": "webcrm", "ticket_id": made["ticket"]["id"], "hold": waits.id, "who": "agent"}
    say(bot, HoldAnsweredEvent(occurred_at=machine_now(), delivery="a", **about))
    assert label not in labels()
    say(bot, event("hold.reopened", waits.id, "b", ticket_source="webcrm", ticket_id=made["ticket"]["id"]))
    assert label in labels()
    assert hold(bot).ended_at is None
