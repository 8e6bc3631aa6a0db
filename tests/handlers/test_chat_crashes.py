"""A worker that dies at any action of a customer's chat: run again, the chat is handed on once and told of once."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import pytest

from tests.bot import Bot
from tests.chats import AT, FS, WITHDRAW, chat, event, handed, said
from tests.handlers.request_life import fire_due
from tests.handlers.test_customer_chats import ROWS, Row, escalating, kept
from tests.handlers.test_jira_task import notes
from tests.handlers.test_request_crashes import Reaper, survive

Moment = Literal["before", "after"]


@pytest.mark.rule("E-01", "E-57")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("row", [row for row in ROWS if row[4]], ids=lambda row: f"{row[0]} {row[1]}")
def test_a_line_gets_its_chat_once(bot: Bot, row: Row, moment: Moment, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text, ticket, more, reason = row
    of = chat(said(text), **ticket)
    first = event(of, **more)
    bot.sandbox.put_ticket(of)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    for _ in range(2):
        bot.crm(first)
        survive(bot)
    assert {name for _, name in reaper.seen} >= {"judge_chat", "escalate_ticket"}
    assert bot.sandbox.ticket(of["id"])["escalation"]["reason"] == reason
    assert len(escalating(bot)) == 1
    assert [how for _, how in kept(bot)] == ["escalated"]
    assert bot.delivery(first["id"]).state == "done"


@pytest.mark.rule("E-02", "E-57")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_minutes_that_pass_are_told_once(any_bot: Bot, moment: Moment, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = any_bot
    bot.set_mode("E-48", "observe")
    bot.sandbox.clock(set=AT)
    of = chat(said(WITHDRAW))
    bot.sandbox.put_ticket(of)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    first = event(of)
    bot.crm(first)
    survive(bot)
    bot.sandbox.clock(advance="3m")
    assert fire_due(bot) == 1
    survive(bot)
    bot.crm(handed(of, at="2026-11-20T16:11:00+03:00"))
    survive(bot)
    told = Counter(notes(bot, first))
    assert set(told.values()) == {1}, told
    assert any(f"линия «{FS}»" in text for text in told)
    assert [how for _, how in kept(bot)] == ["escalated"]
    assert len(reaper.seen) > 3
