"""Holds for Ozon and for the seller, and waiting, from the signed event to issue, ticket and hold (T-4)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from desk.adf_text import plain_text
from desk.clock import machine_now
from desk.moments import Wall
from store.tables import holds, timers
from tests.bot import Bot
from tests.handlers.test_hand_made import ADMIN, OPERATOR, comments, components, person
from tests.handlers.test_jira_task import escalate, notes, writes
from tests.tickets import closing, ticket

SELLER = "qm:5e11e400-2a64-4c1d-95b7-1f0d8c3be005:00000000-0000-4000-8000-000000184467"
QUESTION = "Уточните, пожалуйста, номер поставки и дату вывоза."
ACTIONS = "Запросил у склада номер пропуска, жду ответа в Slack."
AGENT = {"id": "a17", "name": "Оператор Пример", "gender": "f", "status": "На линии", "jira_account_id": OPERATOR}
SELLER_CARD = {"id": "184467", "name": "Лавка Пример", "jira_account_id": SELLER}
T3 = [
    ("W-79", "FBS", "Возвраты"),
    ("W-80", "FBO", "Вывоз остатков"),
    ("W-81", "Финансы", "Изменить реквизиты"),
    ("W-81", "Финансы", "Смена реквизитов"),
    ("W-82", "Вопрос по договору", "Расторжение договора"),
    ("W-82", "Вопрос по договору", "Росторжение договора"),
    ("W-80", "ФБО: вывоз остатков", ""),
]


def put(bot: Bot, made: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    """Close a ticket so and let the bot work; the event."""
    bot.sandbox.put_ticket(made)
    event = {**closing(made, **chosen), "agent": AGENT}
    assert bot.crm(event) == 202
    bot.work()
    return event


def for_ozon(bot: Bot, **chosen: Any) -> dict[str, Any]:
    """A hold for Ozon of a driver's ticket."""
    return put(bot, ticket(), **{"hold": "ozon", "actions_done": ACTIONS, **chosen})


def for_seller(bot: Bot, **changes: Any) -> dict[str, Any]:
    """A hold for the seller in a category of T-3."""
    made = ticket(**{"type": "FBO", "subtype": "Вывоз остатков", "seller": SELLER_CARD, **changes})
    return put(bot, made, hold="seller", question=QUESTION)


def hold(bot: Bot) -> Any:
    """The newest hold."""
    with bot.engine.connect() as connection:
        return connection.execute(sa.select(holds).order_by(holds.c.id.desc())).first()


def timer_states(bot: Bot) -> list[str]:
    """The states of all timers."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(timers.c.state).order_by(timers.c.key)).scalars())


def status(bot: Bot, key: str) -> str:
    """An issue's status."""
    return str(bot.sandbox.issue(key)["fields"]["status"]["name"])


def says(bot: Bot, who: str, key: str, text: str) -> None:
    """A customer (public) or one of us (public too) comments."""
    body = {"body": text, "public": True}
    answer = bot.sandbox.call_as(who, "POST", f"/rest/servicedeskapi/request/{key}/comment", body)
    assert answer["public"] is True
    bot.work()


def internally(bot: Bot, key: str, text: str, who: str = OPERATOR) -> None:
    """One of us writes an internal comment."""
    document = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }
    mark = [{"key": "sd.public.comment", "value": {"internal": True}}]
    person(bot, "POST", f"/issue/{key}/comment", {"body": document, "properties": mark}, who)


@pytest.mark.rule("W-52")
@pytest.mark.rule("W-66")
@pytest.mark.rule("W-67")
@pytest.mark.rule("W-68")
@pytest.mark.rule("W-70")
@pytest.mark.rule("W-71")
@pytest.mark.rule("W-72")
def test_a_hold_for_ozon_goes_through_the_manual_in_its_order(bot: Bot) -> None:
    event = for_ozon(bot)
    (issue,) = bot.sandbox.issues()
    key, number = issue["key"], issue["id"]
    assert writes(bot) == [
        ("POST", "/rest/api/3/issue"),
        ("POST", f"/rest/api/3/issue/{number}/transitions"),
        ("POST", f"/rest/api/3/issue/{number}/remotelink"),
        ("POST", f"/rest/api/3/issue/{number}/comment"),
        ("POST", f"/rest/api/3/issue/{number}/transitions"),
    ]
    assert writes(bot, "webcrm")[-2:] == [
        ("PATCH", f"/webcrm/tickets/{event['ticket']['id']}"),
        ("POST", f"/webcrm/tickets/{event['ticket']['id']}/close"),
    ]
    assert status(bot, key) == "Ожидает обработки"
    assert issue["fields"]["assignee"]["accountId"] == OPERATOR
    assert components(bot, key) == []
    assert "hold-ozon" in issue["fields"]["labels"]
    (comment,) = issue["fields"]["comment"]["comments"]
    assert comment["jsdPublic"] is False
    assert ACTIONS in plain_text(comment["body"])
    made = bot.sandbox.ticket(event["ticket"]["id"])
    assert (made["jira_key"], made["status"]) == (key, "Закрыт")
    kept = hold(bot)
    assert (kept.kind, kept.stage, kept.owner_account, kept.ended_at) == ("ozon", "waiting", OPERATOR, None)
    assert timer_states(bot) == ["pending"]


@pytest.mark.rule("W-73")
@pytest.mark.rule("W-74")
@pytest.mark.rule("W-75")
@pytest.mark.rule("W-76")
@pytest.mark.rule("W-78")
def test_a_hold_for_the_seller_asks_in_the_issue_and_nowhere_else(bot: Bot) -> None:
    event = for_seller(bot)
    (issue,) = bot.sandbox.issues()
    key, number = issue["key"], issue["id"]
    assert writes(bot) == [
        ("POST", "/rest/api/3/issue"),
        ("POST", f"/rest/api/3/issue/{number}/transitions"),
        ("POST", f"/rest/api/3/issue/{number}/remotelink"),
        ("POST", f"/rest/api/3/issue/{number}/comment"),
        ("POST", f"/rest/api/3/issue/{number}/transitions"),
    ]
    assert status(bot, key) == "Ожидает ответа продавца"
    assert issue["fields"]["reporter"]["accountId"] == SELLER
    (comment,) = issue["fields"]["comment"]["comments"]
    assert comment["jsdPublic"] is True
    assert plain_text(comment["body"]).strip() == QUESTION
    shown = plain_text(issue["fields"]["description"])
    assert "Нужен пропуск." not in shown
    made = bot.sandbox.ticket(event["ticket"]["id"])
    assert (made["jira_key"], made["status"]) == (key, "Закрыт")
    public = [message["text"] for message in made["messages"] if message["visibility"] == "public"]
    assert QUESTION not in public
    kept = hold(bot)
    assert (kept.kind, kept.stage, kept.question, kept.seller_id) == ("seller", "waiting", QUESTION, "184467")


def test_moments_are_said_by_the_clock_of_the_company(bot: Bot) -> None:
    event = for_ozon(bot)
    moscow = hold(bot).due_at.astimezone(ZoneInfo("Europe/Moscow"))
    assert any(f"до {Wall(moscow.tzinfo, machine_now()).say(moscow)}." in note for note in notes(bot, event))
    assert not any("UTC" in note for note in notes(bot, event))


@pytest.mark.parametrize("begin", [for_ozon, for_seller], ids=["ozon", "seller"])
def test_the_same_events_again_change_nothing(bot: Bot, begin: Any) -> None:
    event = begin(bot)
    before = (bot.sandbox.issues(), writes(bot), writes(bot, "webcrm"))
    assert bot.crm(event) == 202
    after = {**event, "id": "again", "type": "ticket.closed"}
    assert bot.crm(after) == 202
    bot.work()
    assert (bot.sandbox.issues(), writes(bot), writes(bot, "webcrm")) == before
    with bot.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(holds)).scalar() == 1


@pytest.mark.rule("W-69")
@pytest.mark.rule("W-70")
def test_without_what_was_done_the_hold_goes_on_with_the_agents_internal_comment(bot: Bot) -> None:
    event = for_ozon(bot, actions_done=None)
    (issue,) = bot.sandbox.issues()
    key = issue["key"]
    assert status(bot, key) == "В работе"
    assert bot.sandbox.ticket(event["ticket"]["id"])["status"] == "В работе"
    assert "W-70" in notes(bot, event)[0]
    internally(bot, key, "Написал на склад, ответят до вечера.")
    assert status(bot, key) == "Ожидает обработки"
    made = bot.sandbox.ticket(event["ticket"]["id"])
    assert (made["jira_key"], made["status"]) == (key, "Закрыт")
    assert hold(bot).stage == "waiting"


@pytest.mark.rule("W-67")
def test_an_escalated_ticket_is_taken_over_and_its_component_goes(bot: Bot) -> None:
    first = escalate(bot)
    key = bot.sandbox.issues()[0]["key"]
    assert components(bot, key) == ["FF:Хоругвино"]
    put(bot, {**first["ticket"], "jira_key": key}, hold="ozon", actions_done=ACTIONS, id="hold")
    assert len(bot.sandbox.issues()) == 1
    assert components(bot, key) == []
    assert bot.sandbox.issue(key)["properties"]["smezhnik"]["purpose"] == "hold_ozon"
    assert status(bot, key) == "Ожидает обработки"
    assert hold(bot).components_taken == ["FF:Хоругвино"]


def test_what_the_third_line_was_told_is_not_shown_to_the_seller(bot: Bot) -> None:
    first = escalate(bot, seller=SELLER_CARD)
    key = bot.sandbox.issues()[0]["key"]
    put(bot, {**first["ticket"], "jira_key": key}, hold="seller", question=QUESTION, id="hold")
    issue = bot.sandbox.issue(key)
    assert "Нужен пропуск." not in plain_text(issue["fields"]["description"])
    kept = [c for c in issue["fields"]["comment"]["comments"] if "Нужен пропуск." in plain_text(c["body"])]
    assert [comment["jsdPublic"] for comment in kept] == [False]
    assert issue["fields"]["reporter"]["accountId"] == SELLER


@pytest.mark.parametrize(("rule", "kind", "subtype"), T3)
@pytest.mark.rule("W-26")
@pytest.mark.rule("W-54")
@pytest.mark.rule("W-79")
@pytest.mark.rule("W-80")
@pytest.mark.rule("W-81")
@pytest.mark.rule("W-82")
def test_a_question_in_the_four_categories_is_turned_into_a_hold(bot: Bot, rule: str, kind: str, subtype: str) -> None:
    event = put(bot, ticket(type=kind, subtype=subtype, seller=SELLER_CARD), question=QUESTION)
    (issue,) = bot.sandbox.issues()
    assert status(bot, issue["key"]) == "Ожидает ответа продавца"
    assert any("W-26" in note for note in notes(bot, event))
    assert not any("W-79" in note and "четыре" in note for note in notes(bot, event))


@pytest.mark.rule("W-26")
@pytest.mark.parametrize("mode", ["warn", "observe", "off"])
def test_the_mode_decides_whether_a_closing_is_turned(bot: Bot, mode: str) -> None:
    bot.set_mode("W-26", mode)
    event = put(bot, ticket(type="FBS", subtype="Возвраты", seller=SELLER_CARD), question=QUESTION, create_jira=False)
    assert bot.sandbox.issues() == []
    assert len(notes(bot, event)) == (mode == "warn")


@pytest.mark.rule("W-79")
def test_a_fifth_category_warns_and_goes_on(bot: Bot) -> None:
    event = put(bot, ticket(seller=SELLER_CARD), hold="seller", question=QUESTION)
    assert len(bot.sandbox.issues()) == 1
    assert any("W-79" in note for note in notes(bot, event))


@pytest.mark.rule("W-73")
def test_where_the_seller_cannot_see_the_issue_there_is_no_hold(bot: Bot) -> None:
    made = ticket(type="FBS", subtype="Возвраты", seller={"id": "1"})
    event = put(bot, made, hold="seller", question=QUESTION)
    assert bot.sandbox.issues() == []
    assert hold(bot) is None
    assert bot.sandbox.ticket(made["id"])["status"] == "В работе"
    assert len(notes(bot, event)) == 1


@pytest.mark.rule("W-76")
def test_a_hold_for_the_seller_without_a_question_is_none(bot: Bot) -> None:
    event = put(bot, ticket(type="FBS", subtype="Возвраты", seller=SELLER_CARD), hold="seller")
    assert bot.sandbox.issues() == []
    assert "W-76" in notes(bot, event)[0]


def asked(text: str, at: str = "2026-11-20T15:55:00+03:00") -> dict[str, Any]:
    """A public question of the agent in the CRM."""
    return {
        "id": "q1",
        "at": at,
        "author": {"role": "agent", "id": "a17"},
        "visibility": "public",
        "kind": "question",
        "text": text,
    }


@pytest.mark.rule("W-77")
def test_a_question_that_stands_in_the_crm_is_recorded_and_not_asked_again(bot: Bot) -> None:
    event = for_seller(bot, messages=[asked(QUESTION)])
    (issue,) = bot.sandbox.issues()
    assert issue["fields"]["comment"]["comments"] == []
    assert status(bot, issue["key"]) == "Ожидает ответа продавца"
    assert ("W-77", "record_violation", "done") in bot.steps(event["id"])
    assert any("W-77" in note for note in notes(bot, event))


@pytest.mark.rule("W-24")
@pytest.mark.rule("W-25")
def test_a_question_outside_the_four_categories_waits_without_jira(bot: Bot) -> None:
    made = ticket(type="Финансы", subtype="Сверка", messages=[asked("Какой период сверяем?")])
    put(bot, made, create_jira=False)
    assert bot.sandbox.issues() == []
    assert bot.sandbox.ticket(made["id"])["status"] == "Закрыт"
    assert (hold(bot).kind, hold(bot).stage, hold(bot).issue_id) == ("seller", "waiting", None)
    bot.crm(message(made, "partner", "За октябрь."))
    bot.work()
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("answered", "seller")
    assert timer_states(bot) == ["cancelled"]


def test_a_ticket_that_waits_may_be_put_on_hold_for_the_seller_in_jira(bot: Bot) -> None:
    made = ticket(type="Финансы", subtype="Сверка", seller=SELLER_CARD, messages=[asked("Какой период сверяем?")])
    put(bot, made, create_jira=False)
    put(bot, made, hold="seller", question=QUESTION, id="hold")
    (issue,) = bot.sandbox.issues()
    assert status(bot, issue["key"]) == "Ожидает ответа продавца"
    assert hold(bot).issue_id == issue["id"]
    says(bot, SELLER, issue["key"], "Двадцать пятого.")
    assert hold(bot).ended_why == "answered"


@pytest.mark.rule("W-25")
def test_an_open_question_closed_otherwise_is_warned_of(bot: Bot) -> None:
    made = ticket(type="Финансы", subtype="Сверка", messages=[asked("Какой период сверяем?")])
    event = put(bot, made, resolution="Решено", create_jira=False)
    assert "W-25" in notes(bot, event)[0]
    assert hold(bot) is None


def message(of: dict[str, Any], role: str, text: str, id: str = "answer") -> dict[str, Any]:
    """A public message in the CRM ticket."""
    new = {"id": id, "at": "2026-11-20T17:00:00+03:00", "author": {"role": role}, "visibility": "public", "text": text}
    event = closing({**of, "messages": [*of["messages"], new]}, type="ticket.message", id=f"{of['id']}-{id}")
    return {**{k: v for k, v in event.items() if k != "closing"}, "message_id": id}


@pytest.mark.rule("W-71")
def test_what_may_be_an_answer_is_shown_to_the_agent_and_the_hold_goes_on(bot: Bot) -> None:
    event = for_seller(bot)
    told = len(notes(bot, event))
    says(bot, SELLER, bot.sandbox.issues()[0]["key"], "Здравствуйте! Взяли в работу, ответим завтра.")
    assert len(notes(bot, event)) == told
    says(bot, SELLER, bot.sandbox.issues()[0]["key"], "А какой номер нужен?")
    assert hold(bot).ended_at is None
    assert len(notes(bot, event)) == told + 1
    assert "Похоже на ответ партнёра: «А какой номер нужен?»" in notes(bot, event)[-1]


@pytest.mark.rule("W-71")
def test_what_the_seller_answers_in_the_crm_stands_in_the_issue(bot: Bot) -> None:
    event = for_seller(bot)
    answer = message(event["ticket"], "partner", "Двадцать пятого, *с утра* {code}x{code}")
    for _ in range(2):
        bot.crm(answer)
        bot.work()
    (issue,) = bot.sandbox.issues()
    told = [one for one in issue["fields"]["comment"]["comments"] if "ответил продавец" in plain_text(one["body"])]
    assert [one["jsdPublic"] for one in told] == [False]
    assert "Двадцать пятого, *с утра* {code}x{code}" in plain_text(told[0]["body"])


@pytest.mark.rule("W-71")
@pytest.mark.parametrize("where", ["jira", "crm"])
def test_the_sellers_answer_ends_the_hold(bot: Bot, where: str) -> None:
    event = for_seller(bot)
    key = bot.sandbox.issues()[0]["key"]
    if where == "jira":
        says(bot, SELLER, key, "Спасибо!")
        assert status(bot, key) == "Ожидает ответа продавца"
        says(bot, SELLER, key, "Поставка 2000012345, вывоз 25 ноября.")
    else:
        bot.crm(message(event["ticket"], "partner", "Ок", "m8"))
        bot.work()
        assert status(bot, key) == "Ожидает ответа продавца"
        bot.crm(message(event["ticket"], "partner", "Поставка 2000012345.", "m9"))
        bot.work()
    assert status(bot, key) == "Ожидает обработки"
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("answered", "seller")
    assert hold(bot).answered_at is not None
    assert any(key in note and "W-71" in note for note in notes(bot, event))
    assert "hold-seller" not in bot.sandbox.issue(key)["fields"]["labels"]
    assert timer_states(bot) == ["cancelled"]


def test_the_full_life_of_a_ticket_on_hold_and_escalated_again(bot: Bot) -> None:
    first = escalate(bot, seller=SELLER_CARD)
    key = bot.sandbox.issues()[0]["key"]
    again = {**first["ticket"], "jira_key": key}
    put(bot, again, hold="seller", question=QUESTION, id="hold")
    says(bot, SELLER, key, "Вот номер.")
    assert components(bot, key) == []
    put(bot, again, id="third-line")
    assert len(bot.sandbox.issues()) == 1
    assert components(bot, key) == ["FF:Хоругвино"]
    assert bot.sandbox.issue(key)["properties"]["smezhnik"]["purpose"] == "escalation"


def test_a_ticket_that_is_escalated_again_is_not_on_hold_any_more(bot: Bot) -> None:
    first = for_ozon(bot)
    put(bot, {**first["ticket"], "jira_key": bot.sandbox.issues()[0]["key"]}, id="third-line")
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("escalated", "a17")
    assert timer_states(bot) == ["cancelled"]
    assert components(bot, bot.sandbox.issues()[0]["key"]) == ["FF:Хоругвино"]
    assert "hold-ozon" not in bot.sandbox.issues()[0]["fields"]["labels"]
    told = bot.sandbox.issues()[0]["fields"]["comment"]["comments"][-1]
    assert "Нужен пропуск." in plain_text(told["body"])
    assert told["jsdPublic"] is False
    assert status(bot, bot.sandbox.issues()[0]["key"]) == "Ожидает обработки"


@pytest.mark.rule("W-53")
def test_the_task_that_was_waited_for_ends_the_hold(bot: Bot) -> None:
    other = person(
        bot,
        "POST",
        "/issue",
        {"fields": {"project": {"key": "QC"}, "issuetype": {"name": "Задача"}, "summary": "Другая"}},
    )
    event = for_ozon(bot, hold_detail={"reason": "external_jira", "jira_key": other["key"]})
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    assert len(bot.sandbox.issue(key)["fields"]["issuelinks"]) == 1
    done = bot.sandbox.call_as(OPERATOR, "GET", f"/rest/api/3/issue/{other['key']}/transitions")
    chosen = next(one["id"] for one in done["transitions"] if one["to"]["name"] == "Готово")
    person(bot, "POST", f"/issue/{other['key']}/transitions", {"transition": {"id": chosen}})
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("answered", "linked_issue")
    assert any(key in note for note in notes(bot, event))


@pytest.mark.rule("W-56")
@pytest.mark.rule("W-55")
def test_the_person_who_was_called_in_ends_the_hold_and_nobody_else(bot: Bot) -> None:
    event = for_ozon(bot, hold_detail={"reason": "mention", "account_id": ADMIN})
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    document = bot.sandbox.issue(key)["fields"]["comment"]["comments"][0]["body"]
    assert ADMIN in str(document)
    internally(bot, key, "Смотрю.")
    assert hold(bot).ended_at is None
    internally(bot, key, "Готово, пропуск выдан.", ADMIN)
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("answered", "awaited")


def test_a_persons_component_survives_twenty_further_events(bot: Bot) -> None:
    event = for_ozon(bot)
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    person(bot, "PUT", f"/issue/{key}", {"update": {"components": [{"add": {"name": "FF:Казань"}}]}})
    for number in range(20):
        person(
            bot,
            "PUT",
            f"/issue/{key}",
            {"fields": {"summary": f"Правка {number}", "customfield_10053": f"Склад {number}"}},
        )
    assert components(bot, key) == ["FF:Казань"]


@pytest.mark.parametrize("how", ["closed", "deleted", "moved"])
def test_an_issue_that_goes_ends_its_hold(bot: Bot, how: str) -> None:
    event = for_ozon(bot)
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    if how == "closed":
        open_to = bot.sandbox.call_as(OPERATOR, "GET", f"/rest/api/3/issue/{key}/transitions")["transitions"]
        chosen = next(one["id"] for one in open_to if one["to"]["name"] == "Готово")
        person(bot, "POST", f"/issue/{key}/transitions", {"transition": {"id": chosen}})
    elif how == "deleted":
        person(bot, "DELETE", f"/issue/{key}", who=ADMIN)
    else:
        bot.sandbox.call("POST", "/sandbox/jira/move", {"issue": key, "project": "QC"})
        bot.work()
        assert hold(bot).ended_at is None
        assert bot.sandbox.ticket(event["ticket"]["id"])["jira_key"].startswith("QC-")
        return
    assert hold(bot).ended_why == f"issue_{how}"
    assert timer_states(bot) == ["cancelled"]
    assert any(key in note for note in notes(bot, event))


def test_another_hold_replaces_the_first(bot: Bot) -> None:
    event = for_ozon(bot)
    again = {**event["ticket"], "seller": SELLER_CARD, "jira_key": bot.sandbox.issues()[0]["key"]}
    put(bot, again, hold="seller", question=QUESTION, id="second")
    assert len(bot.sandbox.issues()) == 1
    with bot.engine.connect() as connection:
        rows = connection.execute(sa.select(holds.c.kind, holds.c.ended_why).order_by(holds.c.id))
        assert [tuple(row) for row in rows] == [("ozon", "replaced"), ("seller", None)]
    labels = bot.sandbox.issues()[0]["fields"]["labels"]
    assert ("hold-seller" in labels, "hold-ozon" in labels) == (True, False)


def test_a_ticket_that_is_reopened_or_solved_is_not_on_hold(bot: Bot) -> None:
    for_ozon_event = for_ozon(bot)
    reopened = {
        **for_ozon_event,
        "id": "reopened",
        "type": "ticket.status_changed",
        "change": {"field": "status", "from": "Закрыт", "to": "Открыт"},
    }
    bot.crm({key: value for key, value in reopened.items() if key != "closing"})
    bot.work()
    assert hold(bot).ended_why == "reopened"
    second = for_ozon(bot)
    solved = {**second, "id": "solved", "type": "ticket.closed", "closing": {"resolution": "Решено"}}
    bot.crm(solved)
    bot.work()
    assert hold(bot).ended_why == "solved"


def label(bot: Bot, key: str, *labels: str, take: bool = False) -> None:
    """A person sets labels, or takes them away."""
    operation = "remove" if take else "add"
    person(bot, "PUT", f"/issue/{key}", {"update": {"labels": [{operation: name} for name in labels]}})


@pytest.mark.rule("W-66")
def test_a_label_asks_for_a_hold_for_ozon_from_where_the_issue_stands(bot: Bot) -> None:
    escalate(bot)
    key = bot.sandbox.issues()[0]["key"]
    label(bot, key, "hold-ozon")
    assert components(bot, key) == []
    assert bot.sandbox.issue(key)["fields"]["assignee"]["accountId"] == OPERATOR
    assert status(bot, key) == "В работе"
    internally(bot, key, "Спросил склад.")
    assert status(bot, key) == "Ожидает обработки"
    assert hold(bot).stage == "waiting"
    label(bot, key, "hold-ozon", take=True)
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("answered", "agent")


@pytest.mark.rule("W-73")
def test_a_label_asks_for_a_hold_for_the_seller_only_where_the_seller_sees_the_issue(bot: Bot) -> None:
    escalate(bot)
    key = bot.sandbox.issues()[0]["key"]
    label(bot, key, "hold-seller")
    assert hold(bot) is None
    assert len(comments(bot, key)) == 1
    made = bot.sandbox.call_as(
        SELLER,
        "POST",
        "/rest/servicedeskapi/request",
        {"serviceDeskId": "2", "requestTypeId": "102", "requestFieldValues": {"summary": "Вывоз"}},
    )
    bot.work()
    label(bot, made["issueKey"], "hold-seller")
    assert hold(bot).stage == "begun"
    says(bot, OPERATOR, made["issueKey"], QUESTION)
    assert status(bot, made["issueKey"]) == "Ожидает ответа продавца"
    says(bot, SELLER, made["issueKey"], "Двадцать пятого.")
    assert hold(bot).ended_why == "answered"


def test_both_labels_at_once_begin_nothing_and_say_so(bot: Bot) -> None:
    escalate(bot)
    key = bot.sandbox.issues()[0]["key"]
    label(bot, key, "hold-seller", "hold-ozon")
    assert hold(bot) is None
    assert len(comments(bot, key)) == 1
    assert components(bot, key) == ["FF:Хоругвино"]
