"""Issues that people make and change in Jira: their component (W-57), their ticket (W-64), and whose word wins."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from desk.adf_text import plain_text
from tests.bot import Bot
from tests.handlers.test_jira_task import escalate, writes
from tests.tickets import FBO, closing, ticket

OPERATOR = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"
ADMIN = "712020:ad300000-3b90-4f6e-a7d1-9c4e2f8ae004"


def person(bot: Bot, method: str, path: str, body: Any = None, who: str = OPERATOR) -> Any:
    """A person does something in Jira."""
    answer = requests.request(
        method, f"{bot.sandbox.url}/rest/api/3{path}", json=body, headers={"X-Sandbox-As": who}, timeout=10
    )
    assert answer.ok, answer.text
    bot.work()
    return answer.json() if answer.content else None


def make(bot: Bot, **fields: Any) -> dict[str, Any]:
    """A person makes an issue of the driver's topic."""
    made = {
        "project": {"key": "FBO"},
        "issuetype": {"name": "Обращение партнёра"},
        "summary": "Водитель у ворот",
        "customfield_10051": FBO,
        "customfield_10053": "Хоругвино",
        **fields,
    }
    result: dict[str, Any] = person(bot, "POST", "/issue", {"fields": made})
    return result


def components(bot: Bot, key: str) -> list[str]:
    """The names of an issue's components."""
    return sorted(made["name"] for made in bot.sandbox.issue(key)["fields"]["components"])


def comments(bot: Bot, key: str) -> list[str]:
    """The texts of an issue's comments."""
    return [plain_text(comment["body"]) for comment in bot.sandbox.issue(key)["fields"]["comment"]["comments"]]


def write(bot: Bot, key: str, operation: str, name: str) -> None:
    """A person adds or removes a component."""
    person(bot, "PUT", f"/issue/{key}", {"update": {"components": [{operation: {"name": name}}]}})


@pytest.mark.rule("W-57")
def test_an_issue_made_by_hand_gets_its_component(bot: Bot) -> None:
    key = make(bot)["key"]
    assert components(bot, key) == ["FF:Хоругвино"]
    changed = [call for call in bot.sandbox.calls("jira") if call["method"] == "PUT"]
    assert [set(call["body"]["update"]["components"][0]) for call in changed] == [{"add"}]


@pytest.mark.rule("W-57")
def test_components_of_people_stay_beside_it(bot: Bot) -> None:
    key = make(bot, components=[{"name": "Документы"}])["key"]
    assert components(bot, key) == ["FF:Хоругвино", "Документы"]


@pytest.mark.rule("W-57")
def test_an_issue_gets_its_component_when_the_warehouse_is_filled_in_later(bot: Bot) -> None:
    key = make(bot, customfield_10051=None, customfield_10053=None)["key"]
    assert components(bot, key) == []
    body = {"fields": {"customfield_10051": "FBO", "customfield_10053": "Казань"}}
    person(bot, "PUT", f"/issue/{key}", body)
    assert components(bot, key) == ["FF:Казань"]


def test_an_issue_of_another_topic_is_left_alone(bot: Bot) -> None:
    key = make(bot, customfield_10051="Реклама")["key"]
    assert components(bot, key) == []
    assert [call for call in writes(bot) if call[0] == "PUT"] == []


@pytest.mark.rule("W-57")
def test_a_persons_change_wins_and_is_said_once(bot: Bot) -> None:
    event = escalate(bot)
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    write(bot, key, "remove", "FF:Хоругвино")
    assert components(bot, key) == []
    assert len(comments(bot, key)) == 1
    (comment,) = bot.sandbox.issue(key)["fields"]["comment"]["comments"]
    assert comment["jsdPublic"] is False
    write(bot, key, "add", "Документы")
    person(bot, "PUT", f"/issue/{key}", {"fields": {"customfield_10053": "Казань"}})
    write(bot, key, "remove", "Документы")
    assert components(bot, key) == []
    assert len(comments(bot, key)) == 1


def test_a_component_that_a_person_adds_beside_the_bots_is_no_quarrel(bot: Bot) -> None:
    event = escalate(bot)
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    write(bot, key, "add", "Документы")
    assert components(bot, key) == ["FF:Хоругвино", "Документы"]
    assert comments(bot, key) == []


@pytest.mark.rule("W-64")
@pytest.mark.parametrize("by", ["field", "label"])
def test_an_issue_that_names_its_ticket_is_linked_to_it(bot: Bot, by: str) -> None:
    made = ticket(warehouse="Казань")
    bot.sandbox.put_ticket(made)
    named = {"customfield_10050": made["id"]} if by == "field" else {"labels": [f"webcrm-{made['id']}"]}
    key = make(bot, **named)["key"]
    assert bot.sandbox.ticket(made["id"])["jira_key"] == key
    assert made["id"] in comments(bot, key)[0]
    event = closing(made)
    bot.crm(event)
    bot.work()
    assert len(bot.sandbox.issues()) == 1
    assert len(comments(bot, key)) == 1


def test_an_issue_that_names_no_real_ticket_is_left_alone(bot: Bot) -> None:
    key = make(bot, customfield_10050="99999999")["key"]
    assert comments(bot, key) == []
    make(bot, customfield_10050="../../tickets")
    assert all("../" not in call["path"] for call in bot.sandbox.calls("webcrm"))


@pytest.mark.rule("W-64")
def test_a_ticket_that_names_its_issue_is_linked_to_it(bot: Bot) -> None:
    key = make(bot, components=[])["key"]
    made = ticket(jira_key=key)
    bot.sandbox.put_ticket(made)
    event = closing(made)
    bot.crm(event)
    bot.crm(closing(made), "again")
    bot.work()
    assert len(bot.sandbox.issues()) == 1
    assert len(bot.sandbox.remote_links(key)) == 1
    assert bot.sandbox.ticket(made["id"])["status"] == "Закрыт"
    assert components(bot, key) == ["FF:Хоругвино"]
    assert {bot.delivery(name).state for name in (event["id"], "again")} == {"done"}


@pytest.mark.rule("W-64")
def test_a_ticket_that_names_an_issue_which_is_not_there_is_told_so(bot: Bot) -> None:
    event = escalate(bot, jira_key="FBO-999")
    messages = bot.sandbox.ticket(event["ticket"]["id"])["messages"]
    assert "FBO-999" in messages[-1]["text"]
    assert bot.sandbox.issues() == []


@pytest.mark.rule("W-64")
def test_a_ticket_that_names_another_issue_keeps_it_and_the_agent_is_told(bot: Bot) -> None:
    first = escalate(bot)["ticket"]
    other = make(bot, customfield_10051=None)["key"]
    event = closing({**first, "jira_key": other}, type="ticket.closed", id="with-other-key")
    bot.crm(event)
    bot.work()
    own = bot.sandbox.issues()[0]["key"]
    text = bot.sandbox.ticket(first["id"])["messages"][-1]["text"]
    assert own in text
    assert other in text


@pytest.mark.rule("W-64")
def test_an_issue_that_moves_takes_its_ticket_along(bot: Bot) -> None:
    event = escalate(bot)
    number = event["ticket"]["id"]
    old = bot.sandbox.ticket(number)["jira_key"]
    bot.sandbox.call("POST", "/sandbox/jira/move", {"issue": old, "project": "QC"})
    bot.work()
    new = bot.sandbox.ticket(number)["jira_key"]
    assert new.startswith("QC-")
    assert bot.sandbox.issue(new)["id"] == bot.sandbox.issue(old)["id"]


def test_after_its_issue_is_deleted_a_ticket_can_be_escalated_again(bot: Bot) -> None:
    event = escalate(bot)
    key = bot.sandbox.ticket(event["ticket"]["id"])["jira_key"]
    person(bot, "DELETE", f"/issue/{key}", who=ADMIN)
    bot.crm(closing(event["ticket"], type="ticket.closed"), "once-more")
    bot.work()
    (issue,) = bot.sandbox.issues()
    assert bot.sandbox.ticket(event["ticket"]["id"])["jira_key"] == issue["key"] != key
