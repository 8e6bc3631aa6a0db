"""Escalation inside WebCRM, from the signed event to what stands in the ticket (W-27…W-32)."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from runtime.clock import Clock
from tests.bot import Bot
from tests.closings import CONTENT, EXPLAINED, FBS, ORDERLY, PASSED_ON, PHOTO, inside, said
from tests.handlers.test_jira_task import notes
from tests.tickets import closing, ticket

ASKED = said("partner", "Фото не проходят проверку третий день, верните карточку.", "question")
UNSAID = {"messages": [ASKED]}


def send(bot: Bot, event: dict[str, Any]) -> dict[str, Any]:
    """Let the event come, and the bot work; the ticket as it stands then."""
    bot.sandbox.put_ticket(event["ticket"])
    assert bot.crm(event) == 202
    bot.work()
    return standing(bot, event["ticket"]["id"])


def standing(bot: Bot, ticket_id: str) -> dict[str, Any]:
    """A ticket as it stands now, which nothing changes later."""
    return deepcopy(bot.sandbox.ticket(ticket_id))


def drafts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The drafts in a ticket: who will see each, and its first words."""
    return [(one["visibility"], one["text"][:30]) for one in found["messages"] if one.get("draft")]


def later(bot: Bot, advance: str) -> None:
    """Time goes by, and the clock fires what is due."""
    bot.sandbox.clock(advance=advance)
    Clock(bot.engine, bot.process.factory, bot.reloader).fire()
    bot.work()


@pytest.mark.rule("W-29", "W-31", "W-32")
def test_an_orderly_escalation_is_finished(bot: Bot) -> None:
    event = inside(ORDERLY)
    found = send(bot, event)
    assert found["status"] == "Эскалирован"
    chosen = {name: found["escalation"][name] for name in ("resolution", "reason_type", "reason_subtype")}
    assert chosen == {"resolution": "Не решена", "reason_type": CONTENT, "reason_subtype": "Фото товара"}
    assert drafts(found) == []
    assert bot.crm(event) == 202
    bot.work()
    assert bot.sandbox.ticket(found["id"]) == found


@pytest.mark.rule("W-29")
def test_what_nobody_was_told_is_drafted_and_the_ticket_waits(bot: Bot) -> None:
    event = inside(UNSAID)
    found = send(bot, event)
    assert found["status"] == "В работе"
    assert drafts(found) == [
        ("public", "Здравствуйте!\n\nВаш вопрос пере"),
        ("internal", "Эскалация в группу T2C: T2 Кон"),
    ]
    draft = found["messages"][-2]["text"]
    assert "Вопрос: Контент / Работа с карточкой товара: Фото товара." in draft
    assert "Партнёр: Лавка Пример, 2000012345." in draft
    assert "Партнёр пишет: «Фото не проходят проверку третий день, верните карточку.»" in draft
    assert "W-29: Перед эскалацией пишут партнёру" in notes(bot, event)[-1]
    again = event | {"id": "evt-pressed-again"}
    assert bot.crm(again) == 202
    bot.work()
    assert bot.sandbox.ticket(found["id"])["messages"] == found["messages"]


@pytest.mark.rule("W-29")
def test_the_comment_of_the_window_is_written_before_the_ticket_goes(bot: Bot) -> None:
    event = inside({"messages": [ASKED, PASSED_ON]}, comment="Повторная загрузка не помогла.")
    found = send(bot, event)
    assert found["status"] == "Эскалирован"
    assert found["escalation"]["comment"] is None
    assert found["messages"][-1]["text"].endswith("Повторная загрузка не помогла.")
    assert not found["messages"][-1]["draft"]


@pytest.mark.rule("W-29")
def test_words_to_the_partner_are_sent_where_the_rule_says_so(bot: Bot) -> None:
    bot.set_mode("W-29", "act", send="true")
    found = send(bot, inside(UNSAID, comment="Повторная загрузка не помогла."))
    assert found["status"] == "Эскалирован"
    told, comment = found["messages"][1:3]
    assert (told["visibility"], told["draft"], comment["visibility"]) == ("public", False, "internal")


@pytest.mark.rule("W-31")
@pytest.mark.parametrize(
    ("chosen", "mode", "goes"),
    [
        ({"escalation_type": None, "escalation_subtype": None}, "act", True),  # by the ticket's own pair
        ({"escalation_type": None, "escalation_subtype": None}, "observe", False),
        ({"escalation_type": "Такого нет"}, "act", False),
        ({"escalation_type": None, "escalation_subtype": None, "escalation_reason": "t2c"}, "observe", True),
    ],
)
def test_the_reason_says_the_group(bot: Bot, chosen: dict[str, Any], mode: str, goes: bool) -> None:
    bot.set_mode("W-31", mode)
    event = inside(**chosen)
    assert (send(bot, event)["status"] == "Эскалирован") is goes
    found = [step for step in bot.steps(event["id"]) if step[:2] == ("W-31", "find_in_closing")]
    assert bool(found) is not (mode == "act" and goes)  # what the bot chooses is no fault


@pytest.mark.rule("W-30")
def test_without_its_four_things_it_is_not_finished(bot: Bot) -> None:
    assert send(bot, inside({"subtype": None}))["status"] == "В работе"
    assert send(bot, inside(resolution="Решено"))["status"] == "В работе"
    assert send(bot, inside(escalate=None, resolution="Не решено - Эскалировать"))["status"] == "Эскалирован"


@pytest.mark.rule("W-32")
def test_one_that_was_begun_and_not_closed_is_remembered_once(bot: Bot) -> None:
    event = inside(UNSAID)
    send(bot, event)
    before = notes(bot, event)
    later(bot, "9m")
    assert notes(bot, event) == before
    later(bot, "2m")
    (told,) = notes(bot, event)[len(before) :]
    assert told.startswith("Эскалацию начали, а тикет не закрыт")
    later(bot, "1h")
    assert len(notes(bot, event)) == len(before) + 1


@pytest.mark.rule("W-32")
@pytest.mark.parametrize("kind", ["ticket.escalated", "ticket.closed"])
def test_one_that_the_agent_finished_is_left_alone(bot: Bot, kind: str) -> None:
    event = inside(UNSAID)
    number = send(bot, event)["id"]
    after = event | {"id": f"evt-{kind}", "type": kind}
    after["ticket"] = event["ticket"] | ORDERLY
    send(bot, after)
    before = standing(bot, number)["messages"]
    later(bot, "1h")
    assert bot.sandbox.ticket(number)["messages"] == before


@pytest.mark.rule("W-32")
def test_a_closing_that_comes_after_the_escalation_drafts_nothing(bot: Bot) -> None:
    event = inside(UNSAID)
    done = event["ticket"] | {"status": "Эскалирован"}
    bot.sandbox.put_ticket(done)
    assert bot.crm(event) == 202
    bot.work()
    assert drafts(bot.sandbox.ticket(done["id"])) == []


@pytest.mark.rule("W-27", "W-28")
@pytest.mark.parametrize(
    ("of", "skills", "told"),
    [
        (PHOTO, None, "Этот вопрос решает группа второй линии T2C"),
        (FBS, ["rFBS"], "Для этого вопроса нужен навык FBS"),
        (FBS, ["fbs"], None),
        (FBS, None, None),  # the CRM does not tell
        (PHOTO | {"audience": "customer"}, None, None),
        (PHOTO | {"subtype": "Доступ к скрытой категории товаров"}, None, None),  # the third line's
    ],
)
def test_who_gets_a_ticket_is_told_whose_it_is(
    bot: Bot, of: dict[str, Any], skills: list[str] | None, told: str | None
) -> None:
    event = closing(ticket(**of), type="ticket.assigned")
    event["agent"] |= {"skills": skills}
    send(bot, event)
    assert bot.crm(event | {"id": "evt-assigned-again"}) == 202
    bot.work()
    assert [note.startswith(told or "") for note in notes(bot, event)] == ([True] if told else [])


@pytest.mark.rule("W-29")
def test_customers_chats_are_not_written_to(bot: Bot) -> None:
    found = send(bot, inside(UNSAID | {"audience": "customer"}))
    assert (found["status"], drafts(found)) == ("В работе", [])


@pytest.mark.rule("W-32")
@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500, "after_effect": True}])
@pytest.mark.parametrize("nth", [0, 1, 2, 3])
def test_the_crm_fails_in_the_middle(bot: Bot, nth: int, fault: dict[str, Any]) -> None:
    bot.set_mode("W-29", "act", send="true")
    if nth:
        bot.sandbox.fault(system="webcrm", match="POST /webcrm/*", times=nth, delay=0.001)
    bot.sandbox.fault(system="webcrm", match="POST /webcrm/*", **fault)
    event = inside(UNSAID, comment="Повторная загрузка не помогла.")
    send(bot, event)
    for _ in range(3):
        bot.hurry()
        bot.work()
    found = bot.sandbox.ticket(event["ticket"]["id"])
    assert bot.delivery(event["id"]).state == "done"
    assert found["status"] == "Эскалирован"
    assert set(Counter(message["text"] for message in found["messages"]).values()) == {1}
    assert [message["visibility"] for message in found["messages"]][:3] == ["public", "public", "internal"]


@pytest.mark.rule("W-29", "W-32")
def test_observed_rules_only_record(bot: Bot) -> None:
    for rule in ("W-29", "W-31", "W-32"):
        bot.set_mode(rule, "observe")
    event = inside({"messages": [ASKED, EXPLAINED, PASSED_ON]})
    found = send(bot, event)
    assert (found["status"], len(found["messages"])) == ("В работе", 3)
    assert [step for step in bot.steps(event["id"]) if step[0] != "own"] == [
        ("W-29", "draft_comment", "observed"),
        ("W-32", "escalate_ticket", "observed"),
        ("W-29", "find_in_closing", "observed"),
    ]
