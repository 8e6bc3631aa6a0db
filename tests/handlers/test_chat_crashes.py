"""A worker that dies at any action of a customer's chat: run again, the chat is handed on once and told of once."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, Literal

import pytest

from tests.bot import Bot
from tests.chats import AT, FS, WITHDRAW, chat, event, handed, said
from tests.handlers.request_life import fire_again, fire_due
from tests.handlers.test_customer_chats import ROWS, Row, escalating, kept
from tests.handlers.test_jira_task import notes
from tests.handlers.test_request_crashes import Reaper, survive

Moment = Literal["before", "after"]
_numbers = itertools.count(1)


def stands(bot: Bot, of: dict[str, Any]) -> tuple[Any, ...]:
    """The ticket, what is kept of its escalations, and how often it was handed on."""
    return bot.sandbox.ticket(of["id"]), kept(bot), len(escalating(bot))


@pytest.mark.rule("E-01", "E-57")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_line_gets_its_chat_once(any_bot: Bot, row: Row, moment: Moment, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = any_bot
    _, text, ticket, more, reason = row
    of = chat(said(text), **ticket)
    first = event(of, **more)
    bot.sandbox.put_ticket(of)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    bot.crm(first)
    survive(bot)
    assert {name for _, name in reaper.seen} >= ({"judge_chat", "escalate_ticket"} if reason else {"judge_chat"})
    assert (bot.sandbox.ticket(of["id"])["escalation"] or {}).get("reason") == reason
    assert [how for _, how in kept(bot)] == (["escalated"] if reason else [])
    assert len(escalating(bot)) == (reason is not None)
    assert bot.delivery(first["id"]).state == "done"
    before = stands(bot, of)
    for again in (first, event(of, **more), event(of, "ticket.assigned", **more)):
        bot.crm(again)
        survive(bot)
        assert stands(bot, of) == before


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
    first, last = event(of), handed(of, at="2026-11-20T16:11:00+03:00")
    bot.crm(first)
    survive(bot)
    again(bot, of, first)
    bot.sandbox.clock(advance="3m")
    assert fire_due(bot) == 1
    survive(bot)
    again(bot, of, first)
    bot.crm(last)
    survive(bot)
    again(bot, of, last)
    told = Counter(notes(bot, first))
    assert set(told.values()) == {1}, told
    assert any(f"линия «{FS}»" in text for text in told)
    assert [how for _, how in kept(bot)] == ["escalated"]
    assert len(reaper.seen) > 3


def again(bot: Bot, of: dict[str, Any], body: dict[str, Any]) -> None:
    """The event once more, as it was and under another number, and each timer that has fired: nothing changes."""
    before = stands(bot, of)
    bot.crm(body)
    bot.crm(body | {"id": f"{body['id']}-again-{next(_numbers)}"})
    survive(bot)
    fire_again(bot, set())
    survive(bot)
    assert stands(bot, of) == before
