"""Silence in a chat, from the signed message to the advice (R-13, R-25, C-11)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from runtime.clock import Clock
from tests.bot import Bot
from tests.closings import said
from tests.tickets import closing, ticket

RULE = re.compile(r"По правилу (R-\d+)")
SOFT, HARD = "Вернули деньги. Могу ещё чем-то помочь?", "Пришлите, пожалуйста, фото упаковки?"


class Chat:
    """One chat in the sandbox's CRM, whose messages the bot hears of."""

    def __init__(self, bot: Bot, **of: Any) -> None:
        self.bot = bot
        self.began: datetime = bot.process.clock.now()
        self.ticket = ticket(type="Финансы", subtype="Сверка", messages=[], **of)
        self.heard: list[dict[str, Any]] = []

    def write(self, role: str, text: str, after: float, **more: Any) -> dict[str, Any]:
        """Somebody writes, so many seconds after the beginning; the event, which has not been sent."""
        number = len(self.ticket["messages"]) + 1
        at = (self.began + timedelta(seconds=after)).isoformat()
        message = said(role, text, at=at, **more) | {"id": f"m{number}"}
        self.ticket = self.ticket | {"messages": [*self.ticket["messages"], message]}
        self.bot.sandbox.put_ticket(self.ticket)
        event = closing(self.ticket, type="ticket.message", id=f"evt-{self.ticket['id']}-{number}")
        return event | {"message_id": message["id"], "occurred_at": at, "closing": None}

    def hear(self, *events: dict[str, Any]) -> None:
        """The bot hears of them, in this order."""
        for event in events:
            assert self.bot.crm(event) == 202
            self.bot.work()

    def wait(self, seconds: float) -> None:
        """The time goes by, counted from the beginning; the clock fires what is due."""
        self.bot.sandbox.clock(set=(self.began + timedelta(seconds=seconds)).isoformat())
        Clock(self.bot.engine, self.bot.process.factory, self.bot.reloader).fire()
        self.bot.work()

    @property
    def told(self) -> list[str]:
        """The rule of each note in the ticket."""
        stands = self.bot.sandbox.ticket(self.ticket["id"])["messages"]
        return [rule for one in stands if one["visibility"] == "internal" for rule in RULE.findall(one["text"])]


@pytest.mark.rule("R-13", "R-25")
@pytest.mark.parametrize(
    ("text", "more", "rule"),
    [
        ("Деньги вернутся за три дня.", {}, "R-13"),
        (SOFT, {}, "R-13"),
        (HARD, {}, "R-25"),
        (HARD, {"mandatory": False}, "R-13"),
        (SOFT, {"mandatory": True}, "R-25"),
    ],
)
def test_after_a_minute_and_a_half_the_agent_is_told_once(bot: Bot, text: str, more: dict[str, Any], rule: str) -> None:
    chat = Chat(bot)
    said_so = chat.write("agent", text, 0, **more)
    chat.hear(said_so)
    chat.wait(85)
    assert chat.told == []
    chat.wait(91)
    assert chat.told == [rule]
    assert (rule, "note_chat_silent", "done") in bot.steps("alarm:watch:1", source="bot")
    chat.hear(said_so, said_so | {"id": "evt-the-same-message"})
    chat.wait(600)
    assert chat.told == [rule]


@pytest.mark.rule("R-13")
def test_an_answer_stops_it(bot: Bot) -> None:
    chat = Chat(bot)
    chat.hear(chat.write("agent", SOFT, 0), chat.write("partner", "Нет, спасибо", 40))
    chat.wait(200)
    assert chat.told == []


@pytest.mark.rule("R-13")
def test_another_word_of_ours_begins_the_minutes_anew(bot: Bot) -> None:
    chat = Chat(bot)
    chat.hear(chat.write("agent", SOFT, 0), chat.write("agent", HARD, 60))
    chat.wait(100)
    assert chat.told == []
    chat.wait(151)
    assert chat.told == ["R-25"]


@pytest.mark.rule("R-13")
def test_a_word_of_ours_that_is_not_heard_of_yet_counts(bot: Bot) -> None:
    chat = Chat(bot)
    chat.hear(chat.write("agent", SOFT, 0))
    newer = chat.write("agent", HARD, 60)
    chat.wait(100)
    assert chat.told == []
    chat.hear(newer)
    chat.wait(151)
    assert chat.told == ["R-25"]


@pytest.mark.rule("R-13")
def test_an_answer_that_is_heard_of_before_the_question_stops_it_too(bot: Bot) -> None:
    chat = Chat(bot)
    asked = chat.write("agent", HARD, 0)
    chat.hear(chat.write("partner", "Вот фото", 30), asked)
    chat.wait(200)
    assert chat.told == []


@pytest.mark.rule("R-13")
@pytest.mark.parametrize(
    ("of", "role", "more"),
    [
        ({"channel": "email", "channel_kind": "Письмо"}, "agent", {}),
        ({}, "agent", {"visibility": "internal"}),
        ({}, "agent", {"draft": True}),
        ({}, "bot", {}),
        ({}, "partner", {}),
    ],
)
def test_what_begins_no_minutes(bot: Bot, of: dict[str, Any], role: str, more: dict[str, Any]) -> None:
    chat = Chat(bot, **of)
    chat.hear(chat.write(role, SOFT, 0, **more))
    before = chat.told
    chat.wait(200)
    assert chat.told == before


@pytest.mark.rule("R-13")
def test_a_closed_chat_needs_no_advice(bot: Bot) -> None:
    chat = Chat(bot)
    chat.hear(chat.write("agent", SOFT, 0))
    bot.sandbox.put_ticket(chat.ticket | {"status": "Закрыт"})
    chat.wait(200)
    assert chat.told == []


@pytest.mark.rule("R-25")
def test_while_the_crm_is_down_the_advice_waits(any_bot: Bot) -> None:
    bot = any_bot
    chat = Chat(bot)
    chat.hear(chat.write("agent", HARD, 0))
    bot.sandbox.fault(system="webcrm", match="GET /webcrm/*", status=503)
    bot.sandbox.fault(system="webcrm", match="POST /webcrm/*", status=500, after_effect=True)
    chat.wait(91)
    for _ in range(3):
        bot.hurry()
        bot.work()
    assert chat.told == ["R-25"]


@pytest.mark.rule("R-13")
def test_a_rule_that_only_observes_records(bot: Bot) -> None:
    bot.set_mode("R-13", "observe")
    chat = Chat(bot)
    chat.hear(chat.write("agent", SOFT, 0))
    chat.wait(91)
    assert chat.told == []
    assert ("R-13", "note_chat_silent", "observed") in bot.steps("alarm:watch:1", source="bot")
