"""Duplicates of clients' tickets: «Дубликат» in the same channel, an answer in every other (R-43, R-44, C-04, T-6)."""

from __future__ import annotations

from typing import Any

import pytest

from config.resolutions import NO_DUPLICATES
from handlers.closing_checks import check_closing
from receivers.webcrm_events import parse
from tests.bot import Bot
from tests.closings import closed, said
from tests.duplicates import customer, found, hear, inner, partner, public

A, B = 23900001, 23900002
CHAT: dict[str, Any] = {"channel": "chat", "channel_kind": "Обычный"}


@pytest.mark.rule("R-43")
def test_the_same_question_in_the_same_channel_is_a_duplicate_in_silence(any_bot: Bot) -> None:
    bot = any_bot
    hear(bot, customer(A, status="Закрыт"))  # whatever its status
    event = hear(bot, customer(B, 30))
    (note,) = inner(bot, B)
    assert f"в том же канале: обращение № {A} (тот же номер заказа 12345678-0001, те же Тип" in note
    assert f"выберите «Дубликат» и укажите № {A}; клиенту здесь не отвечайте" in note
    assert (public(bot, B), found(bot, event), inner(bot, A)) == ([], [("R-43", "warned")], [])
    assert found(bot, hear(bot, customer(B, 30), "ticket.assigned")) == []
    assert found(bot, hear(bot, customer(A, status="Закрыт"), "ticket.assigned")) == []  # the older one is none


@pytest.mark.rule("R-43")
@pytest.mark.parametrize(
    "other",
    [
        {"client": {"id": "c-6"}},
        {"order_no": "87654321-0001", "messages": [], "subject": ""},
        {"order_no": None, "type": "Оплата", "messages": [said("client", "Почему не прошёл платёж картой")]},
    ],
    ids=["another client", "another order", "another problem"],
)
def test_another_client_or_problem_is_none(bot: Bot, other: dict[str, Any]) -> None:
    hear(bot, customer(A))
    assert found(bot, hear(bot, customer(B, 30, **other))) == []


@pytest.mark.rule("R-43")
def test_where_duplicates_are_not_used_the_agent_answers(bot: Bot) -> None:
    hear(bot, customer(A, **CHAT))
    hear(bot, customer(B, 30, **CHAT))
    assert "«Дубликат» в этом канале не используется: ответьте" in inner(bot, B)[0]


@pytest.mark.rule("R-44")
def test_in_another_channel_the_earlier_answer_is_offered(bot: Bot) -> None:
    answer = said("agent", "Заказ приедет завтра до обеда.", "answer")
    hear(bot, customer(A, messages=[*customer(A)["messages"], answer]))
    event = hear(bot, customer(B, 30, **CHAT))
    assert found(bot, event) == [("R-44", "warned")]
    assert "ответьте и здесь, «Дубликат» не выбирайте. Ответ из обращения" in inner(bot, B)[0]
    assert public(bot, B) == [("Заказ приедет завтра до обеда.", True)]


@pytest.mark.rule("R-44")
def test_what_was_not_answered_yet_cannot_be_offered(bot: Bot) -> None:
    hear(bot, customer(A))
    hear(bot, customer(B, 30, **CHAT))
    assert (public(bot, B), inner(bot, B)[0].endswith("«Дубликат» не выбирайте.")) == ([], True)


def checked(bot: Bot, of: dict[str, Any], resolution: str = "Дубликат", **chosen: Any) -> set[str]:
    """The rules that a closing breaks, by what the bot has heard of the original."""
    event = parse(closed(of, resolution, **chosen)).event
    with bot.process.engine.connect() as connection:
        from store import known_tickets  # noqa: PLC0415

        original = known_tickets.get(connection, "webcrm", chosen.get("duplicate_of", ""))
    result = check_closing(event, bot.reloader.current(), {original.ticket_id: original} if original else {})
    return {one.rule for one in result.violations}


@pytest.mark.rule("R-43", "R-44")
def test_a_closing_as_duplicate_agrees_with_what_was_found(bot: Bot) -> None:
    hear(bot, customer(A))
    hear(bot, customer(B, 30))
    assert not {"R-43", "R-44", "R-49"} & checked(bot, customer(B, 30), duplicate_of=str(A))
    assert "R-43" in checked(bot, customer(7, client={"id": "c-9"}), duplicate_of=str(A))
    assert "R-43" in checked(bot, customer(7, order_no="87654321-0001", messages=[]), duplicate_of=str(A))
    assert "R-44" in checked(bot, customer(7, **CHAT), duplicate_of=str(A))
    assert not {"R-43", "R-44"} & checked(bot, customer(7), duplicate_of="0")  # nobody has heard of it
    assert "R-49" in checked(bot, customer(A), duplicate_of=f"№ {A}")


@pytest.mark.rule("R-44")
def test_a_closing_across_channels_is_found_at_its_event(bot: Bot) -> None:
    hear(bot, customer(A))
    made = customer(B, 30, channel="call_in")
    bot.sandbox.put_ticket(made)
    event = closed(made, "Дубликат", duplicate_of=str(A))
    assert bot.crm(event) == 202
    bot.work()
    assert ("R-44", "find_in_closing", "warned") in bot.steps(event["id"])


def test_search_checks_and_advice_agree_on_where_duplicates_are_used(bot: Bot) -> None:
    table = bot.reloader.current().resolutions
    for name, channel in table.channels.items():
        for kind in [row.name for row in channel.kinds.values()] or [None]:
            of = customer(7, channel=name, channel_kind=kind)
            event = parse(closed(of, "Дубликат", duplicate_of="1")).event
            result = check_closing(event, bot.reloader.current())
            forbidden = any(one.rule in NO_DUPLICATES for one in result.violations)
            advised = result.advice is not None and result.advice.resolution == "duplicate"
            assert table.takes_duplicates(table.kind_of(name, kind)) is advised is not forbidden, (name, kind)


def test_a_partner_and_a_client_of_one_number_are_two(bot: Bot) -> None:
    hear(bot, partner(A, seller={"id": "c-5"}, order_no="12345678-0001"))
    assert found(bot, hear(bot, customer(B, 30))) == []
