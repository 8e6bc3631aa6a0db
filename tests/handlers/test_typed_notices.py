"""M-1 that an agent types: from the signed event to the note in the ticket, and the closing's check (W-16)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app import create_app
from config.settings import Settings
from desk.phrases import read
from tests.bot import Bot
from tests.closings import NTO
from tests.databases import Sqlite
from tests.duplicates import M1, at, hear, inner, partner, told
from tests.usedesk import notes, usedesk_bot

A, B, C = 23900001, 23900002, 23900003
OTHERS = {"supply_no": "2000099999", "type": "Реклама", "subtype": "Вторая помощь", "messages": []}
SOMEBODY: dict[str, Any] = {"seller": {"id": "99"}}
TOKEN = {"Authorization": "Bearer sandbox-api-token"}


def words(text: str, minutes: float = 50, **more: Any) -> dict[str, Any]:
    """A public message of the agent's."""
    author = {"role": "agent", "id": "a17"}
    made = {"id": f"m-{minutes}", "author": author, "visibility": "public", "kind": "answer", "at": at(minutes)}
    return made | {"text": text} | more


def type_in(bot: Bot, *messages: dict[str, Any], minutes: float = 50, **more: Any) -> str:
    """The agent writes into ticket B; the event's id."""
    made = partner(B, 30, **(OTHERS | {"messages": list(messages)} | more))
    bot.sandbox.state.tickets.pop(str(B), None)
    return hear(bot, made, "ticket.message", minutes=minutes)


def found(bot: Bot, event: str) -> list[str]:
    """The outcomes of W-16 in an event."""
    return [outcome for rule, verb, outcome in bot.steps(event) if (rule, verb) == ("W-16", "find_duplicate")]


def before(bot: Bot, status: str = "В работе", **more: Any) -> None:
    """Another ticket of the same seller, of which the bot has heard."""
    hear(bot, partner(A, status=status, **more), minutes=5)


def told_of(bot: Bot) -> list[str]:
    """The notes of W-16 in ticket B."""
    return [note for note in inner(bot, B) if "(W-16)" in note]


FAULTS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "not working",
        M1.format(A),
        {"status": "Закрыт"},
        f"ответят в обращении № {A}, а оно не «В работе»: статус «Закр",
    ),
    ("another seller's", M1.format(A), SOMEBODY, f"стоит обращение № {A}, а оно другого партнёра"),
    ("empty", M1.format(""), {}, "В сообщении об объединении нет номера обращения."),
    ("own", M1.format(B), {}, "стоит номер этого же тикета"),
    ("no such ticket", M1.format(23999999), {}, "Обращения № 23999999, о котором написано"),
    (
        "in other words",
        f"Добрый день. Ваше обращение объединено с обращением №{A}, ждите ответа там.",
        {"status": "Эскалирован"},
        "статус «Эскалирован»",
    ),
]


@pytest.mark.rule("W-16")
@pytest.mark.parametrize(("text", "other", "said"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_wrong_number_is_told_once(bot: Bot, text: str, other: dict[str, Any], said: str) -> None:
    before(bot, **other)
    event = type_in(bot, words(text))
    assert found(bot, event) == ["warned"]
    (note,) = told_of(bot)
    assert said in note
    again = bot.crm(told(bot.sandbox.ticket(str(B)), "ticket.closing") | {"closing": {"resolution": NTO}})
    bot.work()
    assert (again, len(told_of(bot))) == (202, 1)


RIGHT = [
    ("in work", M1.format(A), {}),
    ("the newest word", M1.format(A), {"status": "в  РАБОТЕ"}),
    ("a question", f"Ваше обращение объединено с другим запросом, № {A}?", {"status": "Закрыт"}),
    ("denied", f"Ваше обращение не объединено с другим запросом № {A}.", {"status": "Закрыт"}),
    ("something else", f"Ответ уже в обращении № {A}.", {"status": "Закрыт"}),
    ("two numbers", f"Заявка объединена с другим запросом: № {A} или № {C}.", {"status": "Закрыт"}),
    ("the own number too", f"Обращение № {B} объединено с другим запросом № {A}.", {}),
]


@pytest.mark.rule("W-16")
@pytest.mark.parametrize(("text", "other"), [row[1:] for row in RIGHT], ids=[row[0] for row in RIGHT])
def test_a_right_number_and_what_is_no_notice_pass(bot: Bot, text: str, other: dict[str, Any]) -> None:
    before(bot, **other)
    assert found(bot, type_in(bot, words(text))) == []
    assert inner(bot, B) == []


@pytest.mark.rule("W-16")
def test_the_second_notice_is_one_too_many_and_a_corrected_one_is_not(bot: Bot) -> None:
    before(bot)
    first = words(M1.format(A), 40)
    assert found(bot, type_in(bot, first, minutes=40)) == []
    event = type_in(bot, first, words(M1.format(A)))
    assert found(bot, event) == ["warned"]
    assert f"Об объединении с обращением № {A} клиенту уже писали" in inner(bot, B)[0]
    assert found(bot, type_in(bot, words(M1.format(""), 40), words(M1.format(A), 51), minutes=51)) == []


@pytest.mark.rule("W-16")
def test_what_was_said_while_the_other_was_in_work_stays_right(bot: Bot) -> None:
    before(bot)
    type_in(bot, words(M1.format(A)))
    hear(bot, partner(A), "ticket.closed", minutes=55)
    event = hear(bot, bot.sandbox.ticket(str(B)), "ticket.closing", minutes=59)
    assert (found(bot, event), inner(bot, B)) == ([], [])


@pytest.mark.rule("W-16")
def test_a_draft_a_note_and_the_bots_own_words_are_no_notice(bot: Bot) -> None:
    before(bot, status="Закрыт")
    for more in (
        {"draft": True},
        {"visibility": "internal"},
        {"author": {"role": "bot"}},
        {"author": {"role": "partner"}},
    ):
        assert found(bot, type_in(bot, words(M1.format(A), **more))) == []


@pytest.mark.rule("W-16")
def test_a_ticket_that_only_the_crm_knows_is_asked_for_there(bot: Bot) -> None:
    bot.sandbox.put_ticket(partner(A, **SOMEBODY))
    bot.sandbox.put_ticket(partner(C))
    assert found(bot, type_in(bot, words(M1.format(A), 40), minutes=40)) == ["warned"]
    assert found(bot, type_in(bot, words(M1.format(C)))) == []


@pytest.mark.rule("W-16")
def test_a_crm_that_cannot_be_asked_holds_nothing_up(bot: Bot) -> None:
    bot.sandbox.fault(system="webcrm", match=f"GET /webcrm/tickets/{A}", status=500)
    event = type_in(bot, words(M1.format(A)))
    assert (bot.delivery(event).state, found(bot, event)) == ("done", [])


@pytest.mark.rule("W-16")
@pytest.mark.parametrize(("mode", "outcomes", "told_it"), [("observe", ["observed"], 0), ("off", [], 0)])
def test_the_mode_decides(bot: Bot, mode: str, outcomes: list[str], told_it: int) -> None:
    before(bot, status="Закрыт")
    bot.set_mode("W-16", mode)
    assert found(bot, type_in(bot, words(M1.format(A)))) == outcomes
    assert len(inner(bot, B)) == told_it


@pytest.mark.rule("W-16", "R-53")
@pytest.mark.parametrize(("status", "severity"), [("Закрыт", ["warn"]), ("В работе", [])])
def test_the_check_before_the_button_says_the_same(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, status: str, severity: list[str]
) -> None:
    before(bot, status=status)
    for name, value in bot.env.items():
        monkeypatch.setenv(name, value)
    client = create_app(Settings.read(bot.env)).test_client()
    event = told(partner(B, 30, **(OTHERS | {"messages": [words(M1.format(A), 61)]})), "ticket.closing", minutes=62)
    event["closing"] = {"resolution": NTO}
    answer = client.post("/api/closing-check", json=event, headers=TOKEN).get_json()
    mine = [one for one in answer["violations"] if one["rule"] == "W-16"]
    assert [one["severity"] for one in mine] == severity
    bot.sandbox.put_ticket(event["ticket"])
    assert bot.crm(event) == 202
    bot.work()
    assert [note.splitlines()[0] for note in told_of(bot)] == [one["text"] for one in mine]


@pytest.mark.rule("W-16")
def test_in_usedesk_what_is_wrong_by_itself_is_told(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as bot:
        bot.sandbox.put_usedesk(700, subject="Где заказ", assignee_id=12, status=1, comments=[{"message": "Где?"}])
        for text, count in ((M1.format(701), 0), (M1.format(700), 1), (M1.format(""), 2)):
            bot.sandbox.usedesk_act("agent", ticket_id="700", message=text)
            bot.work()
            assert len([one for one in notes(bot, "700") if "(W-16)" in one]) == count, text


def test_every_phrase_of_the_table_is_found_by_its_quick_look_too(bot: Bot) -> None:
    table = bot.reloader.current().duplicates
    for text in (M1.format(7), "Мы ОБЪЕДИНИЛИ ваше обращение с тикетом 12345", "Объединён с запросом № 5"):
        assert table.may_notify(text), text
        assert [hit.owner for hit in table.notices.find(read(text))] == ["notice"], text
    assert not table.may_notify("Где мой заказ?")
