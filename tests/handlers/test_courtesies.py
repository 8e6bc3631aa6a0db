"""A courtesy does not cost the main act: what Jira refuses of an issue is left out, and whoever can mend it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desk.adf_text import plain_text
from tests.bot import Bot
from tests.handlers.test_hand_made import OPERATOR, comments, components, make, person
from tests.handlers.test_holds import SELLER_CARD, for_ozon, for_seller, hold, status
from tests.handlers.test_jira_task import escalate, notes
from tests.handlers.test_not_seen import alerted, unfinished
from tests.tickets import closing

STRANGER = {"id": "184469", "name": "Лавка Пример", "jira_account_id": "qm:00000000-0000-4000-8000-000000000000:1"}
WAREHOUSE = "customfield_10053"


def leave(bot: Bot, account: str = OPERATOR) -> None:
    """Somebody leaves the company."""
    bot.sandbox.call("POST", "/sandbox/jira/people", {account: False})


def off_screen(bot: Bot, *names: str) -> None:
    """Fields are taken off the screens."""
    bot.sandbox.call("POST", "/sandbox/jira/screen", dict.fromkeys(names, False))


def prioritise(bot: Bot, priority: str) -> None:
    """An admin lets the driver's issues have a priority."""
    templates = bot.process.factory.templates
    known = templates.issue
    templates.__dict__["issue"] = lambda *given: replace(known(*given), priority=priority)


def refuse(bot: Bot, match: str, errors: dict[str, str], times: int = 1) -> None:
    """Jira refuses the next calls by their fields."""
    bot.sandbox.fault(system="jira", match=match, status=400, times=times, body=errors_of(errors))


def errors_of(errors: dict[str, str]) -> str:
    """Jira's refusal as it stands in the answer."""
    told = ", ".join(f'"{name}": "{words}"' for name, words in errors.items())
    return f'{{"errorMessages": [], "errors": {{{told}}}}}'


def again(bot: Bot, event: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    """The ticket is opened and closed once more."""
    opened = bot.sandbox.ticket(event["ticket"]["id"]) | {"status": "В работе"}
    bot.sandbox.put_ticket(opened)
    made: dict[str, Any] = {**event, **closing(opened, id="again", **chosen), "agent": event["agent"]}
    assert bot.crm(made) == 202
    bot.work()
    return made


def lacking(bot: Bot, event: dict[str, Any]) -> list[str]:
    """The notes that say what an issue lacks."""
    return [text for text in notes(bot, event) if "не приняла" in text]


@pytest.mark.rule("W-66", "W-68")
def test_an_assignee_who_left_does_not_cost_the_hold(any_bot: Bot) -> None:
    bot = any_bot
    leave(bot)
    event = for_ozon(bot)
    (issue,) = bot.sandbox.issues()
    assert issue["fields"]["assignee"] is None
    assert (hold(bot).kind, hold(bot).stage, status(bot, issue["key"])) == ("ozon", "waiting", "Ожидает обработки")
    (told,) = lacking(bot, event)
    assert "cannot be assigned" in told
    assert "W-68" in told
    assert alerted(bot, "field") == []  # nothing that an admin could set
    assert bot.sandbox.ticket(event["ticket"]["id"])["status"] == "Закрыт"
    assert bot.delivery(event["id"]).state == "done"


@pytest.mark.rule("W-66")
def test_an_assignee_who_left_does_not_keep_the_tickets_issue_from_being_taken_over(bot: Bot) -> None:
    event = escalate(bot)
    leave(bot)
    agent = {"id": "a17", "jira_account_id": OPERATOR}
    made = again(bot, {**event, "agent": agent}, hold="ozon", actions_done="Запросил пропуск.")
    (issue,) = bot.sandbox.issues()
    assert "hold-ozon" in issue["fields"]["labels"]
    assert issue["properties"]["smezhnik"]["purpose"] == "hold_ozon"
    assert hold(bot).stage == "waiting"
    assert len(lacking(bot, made)) == 1


@pytest.mark.rule("W-66")
def test_what_was_left_out_is_told_although_the_crm_was_down_then(bot: Bot) -> None:
    event = escalate(bot)
    leave(bot)
    bot.sandbox.fault(system="webcrm", match="POST /webcrm/*", status=503, times=1)
    agent = {"id": "a17", "jira_account_id": OPERATOR}
    made = again(bot, {**event, "agent": agent}, hold="ozon", actions_done="Запросил пропуск.")
    assert unfinished(bot) != []
    bot.hurry()
    bot.work()
    assert len(lacking(bot, made)) == 1
    assert unfinished(bot) == []


@pytest.mark.rule("W-66")
def test_what_was_left_out_is_told_although_the_answer_to_the_create_was_lost(bot: Bot) -> None:
    leave(bot)
    # the first create is refused as usual, the answer to the second is lost
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", times=1, delay=0.001)
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=500, after_effect=True)
    event = for_ozon(bot)
    bot.hurry()
    bot.work()
    assert len(bot.sandbox.issues()) == 1
    assert len(lacking(bot, event)) == 1


@pytest.mark.rule("W-68")
def test_who_asks_in_jira_and_cannot_be_assigned_has_his_hold_nevertheless(bot: Bot) -> None:
    key = make(bot)["key"]
    leave(bot)
    person(bot, "PUT", f"/issue/{key}", {"update": {"labels": [{"add": "hold-ozon"}]}})
    assert (hold(bot).kind, unfinished(bot)) == ("ozon", [])
    assert len([text for text in comments(bot, key) if "W-68" in text and "cannot be assigned" in text]) == 1


@pytest.mark.rule("W-61")
@pytest.mark.parametrize("times", [1, 2])
def test_a_field_that_is_not_on_the_screen_does_not_cost_the_issue(bot: Bot, times: int) -> None:
    names = (WAREHOUSE, "customfield_10050")[:times]
    off_screen(bot, *names)
    event = escalate(bot)
    (issue,) = bot.sandbox.issues()
    assert components(bot, issue["key"]) == ["FF:Хоругвино"]
    assert issue["fields"]["customfield_10052"] == "Прибытие водителя на склад"
    (told,) = lacking(bot, event)
    assert "склад" in told
    assert len(alerted(bot, "field")) == times
    assert any(WAREHOUSE in text and "FBO" in text for text in alerted(bot, "field"))
    escalate(bot)
    assert len(alerted(bot, "field")) == times  # an admin knows by now
    assert unfinished(bot) == []


@pytest.mark.rule("W-61")
def test_refusals_that_come_one_after_the_other_do_not_cost_the_issue(bot: Bot) -> None:
    refuse(bot, "POST /rest/api/3/issue", {WAREHOUSE: "first"})
    refuse(bot, "POST /rest/api/3/issue", {"customfield_10052": "second"})
    event = escalate(bot)
    assert len(bot.sandbox.issues()) == 1
    (told,) = lacking(bot, event)
    assert "first" in told
    assert "second" in told


@pytest.mark.rule("W-61")
def test_a_priority_that_jira_does_not_know_does_not_cost_the_issue(bot: Bot) -> None:
    prioritise(bot, "Молния")
    event = escalate(bot)
    assert len(bot.sandbox.issues()) == 1
    assert "приоритет" in lacking(bot, event)[0]
    assert "priority" in alerted(bot, "field")[0]


@pytest.mark.rule("W-60")
@pytest.mark.parametrize("field", ["summary", "components", "project", "issuetype"])
def test_what_an_issue_must_have_is_never_left_out(bot: Bot, field: str) -> None:
    refuse(bot, "POST /rest/api/3/issue", {field: "is wrong", WAREHOUSE: "is wrong too"}, times=9)
    event = escalate(bot)
    assert bot.sandbox.issues() == []
    assert bot.delivery(event["id"]).state == "dead"


@pytest.mark.rule("W-73")
def test_a_seller_whom_jira_does_not_know_is_told_to_the_agent(bot: Bot) -> None:
    event = for_seller(bot, seller=STRANGER)
    assert bot.sandbox.issues() == []
    assert hold(bot) is None
    assert bot.delivery(event["id"]).state == "done"
    (told,) = [text for text in notes(bot, event) if "Удержание для продавца не начато" in text]
    assert "does not exist" in told
    assert bot.sandbox.ticket(event["ticket"]["id"])["status"] == "В работе"


@pytest.mark.rule("W-73")
def test_a_seller_whom_jira_does_not_know_leaves_the_tickets_issue_as_it_is(bot: Bot) -> None:
    event = escalate(bot, seller=STRANGER)
    made = again(bot, {**event, "agent": {"id": "a17"}}, hold="seller", question="Номер поставки?")
    (issue,) = bot.sandbox.issues()
    assert issue["properties"]["smezhnik"]["purpose"] == "escalation"
    assert "hold-seller" not in issue["fields"]["labels"]
    assert any("Удержание для продавца не начато" in text for text in notes(bot, made))
    assert unfinished(bot) == []


@pytest.mark.rule("W-73")
def test_a_request_type_that_jira_refuses_is_told_to_agent_and_admin(bot: Bot) -> None:
    off_screen(bot, "customfield_10010")
    event = for_seller(bot)
    assert bot.sandbox.issues() == []
    assert any("Удержание для продавца не начато" in text for text in notes(bot, event))
    assert len(alerted(bot, "field")) == 1
    assert unfinished(bot) == []


@pytest.mark.rule("W-73")
def test_a_seller_is_asked_although_the_agent_left(bot: Bot) -> None:
    leave(bot)
    event = for_seller(bot)
    (issue,) = bot.sandbox.issues()
    assert issue["fields"]["reporter"]["accountId"] == SELLER_CARD["jira_account_id"]
    assert status(bot, issue["key"]) == "Ожидает ответа продавца"
    assert "поставки" in plain_text(issue["fields"]["comment"]["comments"][-1]["body"])
    assert len(lacking(bot, event)) == 1
