"""A department is asked and nobody tells the client: after half an hour the agent is reminded, once (U-18)."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.departments import ClientText
from tests.bot import Bot
from tests.chats import chat, event, said, send
from tests.databases import Sqlite
from tests.handlers.request_life import CLIENT, ask, comments, crm_request, finish, fire_after, notes, pending, prepare
from tests.tickets import ticket
from tests.usedesk import usedesk_bot

WORDS = "спросили 30 мин. назад, а клиенту об этом ещё не написали"
WITHIN = {"INFORM_CLIENT_WITHIN": "30m"}


def asked(bot: Bot) -> None:
    """A request from WebCRM, of now."""
    prepare(bot, **WITHIN)
    bot.sandbox.put_ticket(ticket(id="23814352"))
    assert bot.crm(crm_request(at="2026-11-23T11:00:00+03:00")) == 202
    finish(bot)


def told(bot: Bot) -> list[str]:
    """The reminders in WebCRM's ticket."""
    return [one for one in notes(bot) if WORDS in one]


@pytest.mark.rule("U-18")
def test_an_agent_who_tells_the_client_nothing_is_reminded_once(any_bot: Bot) -> None:
    asked(any_bot)
    assert pending(any_bot) == ["request:1:1", "uninformed:1"]
    assert fire_after(any_bot, "29m") == 0
    assert fire_after(any_bot, "1m") == 1
    (one,) = told(any_bot)
    assert "Отдел «Сервисный департамент»" in one
    assert fire_after(any_bot, "2h") == 0
    assert len(told(any_bot)) == 1


@pytest.mark.rule("U-18")
def test_a_client_who_was_written_to_or_has_the_answer_is_left_alone(bot: Bot) -> None:
    asked(bot)
    wrote = {"id": "m7", "at": "2026-11-23T11:20:00+03:00", "author": {"role": "agent", "id": "a17"}}
    stands = bot.sandbox.ticket("23814352")
    stands["messages"] = [*stands["messages"], wrote | {"visibility": "public", "text": "Спросил коллег, вернусь."}]
    bot.sandbox.put_ticket(stands)
    assert fire_after(bot, "31m") == 1
    assert told(bot) == []
    bot.crm(crm_request(id="r-10", at="2026-11-23T11:31:00+03:00", department="product"))
    finish(bot)
    bot.crm(crm_request("answered", id="r-10", department="product", answer="Плата в порядке, нужен выезд мастера."))
    finish(bot)
    assert "uninformed:2" not in pending(bot)


@pytest.mark.rule("U-18", "E-03")
def test_nobody_is_asked_to_write_to_a_client_whose_chat_goes_to_another_line(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    asked(bot)
    of = chat(said("Как вывести деньги с Баланса Средств?"), id="23814352")
    send(bot, event(of, at="2026-11-23T11:01:00+03:00"))
    fire_after(bot, "30m")
    assert told(bot) == []


@pytest.mark.rule("U-18")
@pytest.mark.parametrize(("mode", "count"), [("warn", 1), ("observe", 0)])
def test_the_rules_mode_decides_what_is_told(bot: Bot, mode: str, count: int) -> None:
    bot.set_mode("U-18", mode)
    asked(bot)
    fire_after(bot, "30m")
    assert len(told(bot)) == count


@pytest.mark.rule("U-18")
def test_in_usedesk_an_answer_is_seen_too(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as bot:
        prepare(bot, **WITHIN)
        ask(bot)
        fire_after(bot, "30m")
        assert len([one for one in comments(bot, CLIENT) if WORDS in one]) == 1
        ask(bot, "product")
        bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, message="Подключил коллег")
        finish(bot)
        fire_after(bot, "30m")
        assert len([one for one in comments(bot, CLIENT) if WORDS in one]) == 1


def test_no_time_at_all_means_that_nobody_looks() -> None:
    assert ClientText.model_validate({"inform_within": "0s"}).inform_within is None
    assert ClientText.model_validate({"inform_within": None}).inform_within is None
