"""What a closing breaks, from its signed event to the ledger, the lead's page and the note in the ticket (R-53)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from desk.clock import machine_now
from handlers.closing_checks import check_closing
from receivers.webcrm_events import parse
from store import lost_tickets, rule_hits
from tests.bot import Bot
from tests.closings import DUPLICATE, NO, RULES, closed, customer, said
from tests.handlers.test_jira_task import notes

HOUR = timedelta(hours=1)
DOUBLE = {"channel": "chat", "channel_kind": "Обычный"}


def breaking() -> dict[str, Any]:
    """«Дубликат» in a chat, without the number of the original."""
    return closed(customer(**DOUBLE), DUPLICATE)


def send(bot: Bot, event: dict[str, Any]) -> None:
    """Let the event come, and the bot work."""
    bot.sandbox.put_ticket(event["ticket"])
    assert bot.crm(event) == 202
    bot.work()


def recorded(bot: Bot, event: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings of a delivery, with their outcome."""
    return [(rule, outcome) for rule, verb, outcome in bot.steps(event["id"]) if verb == "find_in_closing"]


@pytest.mark.rule("R-53", "R-36", "R-49")
def test_a_closing_that_breaks_rules_is_found_and_told_in_one_note(bot: Bot) -> None:
    event = breaking()
    send(bot, event)
    assert recorded(bot, event) == [("R-07", "warned"), ("R-36", "warned"), ("R-49", "warned")]
    (note,) = notes(bot, event)
    assert note.splitlines()[0] == "При закрытии нарушено:"
    assert "– R-36: В чате «Дубликат» не используется. Ответьте на обращение" in note
    assert bot.delivery(event["id"]).state == "done"


def test_the_button_and_the_closing_itself_are_one_closing(bot: Bot) -> None:
    event = breaking()
    send(bot, event)
    after = event | {"id": "evt-after", "type": "ticket.closed"}
    bot.crm(after)
    bot.work()
    assert recorded(bot, after) == []
    assert len(notes(bot, event)) == 1
    more = [*event["ticket"]["messages"], said("client", "Вот другой номер")]
    again = event | {"id": "evt-again", "ticket": event["ticket"] | {"messages": more}}
    bot.crm(again)
    bot.work()
    assert [rule for rule, _ in recorded(bot, again)] == ["R-36", "R-49"]


def test_a_rule_that_only_observes_is_seen_by_the_lead_alone(bot: Bot) -> None:
    bot.set_mode("R-36", "observe")
    bot.set_mode("R-49", "off")
    event = breaking()
    send(bot, event)
    assert recorded(bot, event) == [("R-07", "warned"), ("R-36", "observed")]
    (note,) = notes(bot, event)
    assert "R-36" not in note
    with bot.engine.connect() as connection:
        seen = rule_hits.by_rule(connection, machine_now() - HOUR, machine_now() + HOUR)
    assert sorted(seen) == [("R-07", 1), ("R-36", 1)]


def test_the_event_and_the_check_before_it_agree(bot: Bot) -> None:
    config = bot.reloader.current()
    for breaks, _, keeps in RULES.values():
        for event in (breaks, keeps):
            understood = parse(event).event
            assert understood is not None
            expected = [one.rule for one in check_closing(understood, config).violations if not one.told]
            send(bot, event)
            assert [rule for rule, _ in recorded(bot, event)] == expected


def test_a_closing_without_fault_leaves_no_trace(bot: Bot) -> None:
    event = RULES["R-05"][2]
    send(bot, event)
    assert bot.steps(event["id"]) == []


def lost(bot: Bot) -> list[str]:
    """The tickets on the board's list of lost ones."""
    with bot.engine.connect() as connection:
        return [one.ticket_id for one in lost_tickets.page(connection)]


@pytest.mark.rule("R-46")
def test_a_ticket_without_a_next_step_is_lost_until_something_happens_to_it(any_bot: Bot) -> None:
    bot = any_bot
    event, planned = closed(customer(), NO), closed(customer(), NO, question="Какой номер заказа?")
    for one in (event, planned):
        send(bot, one)
    number = str(event["ticket"]["id"])
    assert lost(bot) == [number]
    send(bot, event | {"id": "evt-closed", "type": "ticket.closed"})
    assert lost(bot) == [number]  # the same closing
    bot.set_mode("R-46", "observe")
    send(bot, event | {"id": "evt-again"})
    assert lost(bot) == [number]
    send(bot, event | {"id": "evt-later", "type": "ticket.message"})
    assert lost(bot) == []
    with bot.engine.begin() as connection:
        assert [lost_tickets.forget_touched(connection, 10) for _ in range(2)] == [1, 0]


@pytest.mark.rule("R-46")
def test_a_rule_that_is_off_loses_nothing(bot: Bot) -> None:
    bot.set_mode("R-46", "off")
    send(bot, closed(customer(), NO))
    assert lost(bot) == []
