"""Requests that a person makes in Jira: a neighbour's component, a link, their answer and their end (U-14, U-30)."""

from __future__ import annotations

import pytest

from tests.bot import Bot
from tests.handlers.request_life import (
    chat,
    drafts,
    finish,
    fire_after,
    fire_due,
    notes,
    pending,
    prepare,
    rows,
    states,
    told,
)
from tests.handlers.test_hand_made import ADMIN, OPERATOR, comments, components, make, person, write
from tests.handlers.test_jira_task import escalate
from tests.handlers.test_requests import edit
from tests.tickets import ticket


def asked(bot: Bot) -> tuple[str, str]:
    """An issue that a person made for a ticket, with the component of a department; (ticket, key)."""
    prepare(bot)
    made = ticket(warehouse="Казань")
    bot.sandbox.put_ticket(made)
    named = {"customfield_10050": made["id"], "components": [{"name": "FF:Казань"}]}
    key = make(bot, customfield_10053="Казань", **named)["key"]
    finish(bot, 2)
    return made["id"], key


def escalated(bot: Bot) -> tuple[str, str]:
    """An escalation issue that the bot made, with the group of the warehouse as its component; (ticket, key)."""
    prepare(bot)
    number = escalate(bot)["ticket"]["id"]
    finish(bot, 2)
    key = bot.sandbox.ticket(number)["jira_key"]
    assert components(bot, key) == ["FF:Хоругвино"]
    return number, key


def label(bot: Bot, key: str) -> None:
    """A person labels the issue as urgent."""
    person(bot, "PUT", f"/issue/{key}", {"update": {"labels": [{"add": "срочно"}]}})
    finish(bot, 2)


def move(bot: Bot, key: str, status: str) -> None:
    """A person brings the issue into a status."""
    open_to = person(bot, "GET", f"/issue/{key}/transitions")["transitions"]
    number = next(one["id"] for one in open_to if one["to"]["name"] == status)
    person(bot, "POST", f"/issue/{key}/transitions", {"transition": {"id": number}})
    finish(bot, 2)


def departments(bot: Bot) -> list[tuple[str, str]]:
    """All requests as (department, state)."""
    return [(row.department, row.state) for row in rows(bot)]


def nothing_asked(bot: Bot, number: str) -> bool:
    """No request, no reminder, nothing in the chat, no note of a request in the ticket."""
    said = [text for text in notes(bot, number) if "смежный отдел" in text]
    said += [one["text"] for one in drafts(bot, number) if "подключить" in one["text"]]
    return (rows(bot), pending(bot), chat(bot, "ff"), said) == ([], [], [], [])


def comment(bot: Bot, key: str, text: str, who: str) -> None:
    """Somebody writes in the issue."""
    body = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }
    person(bot, "POST", f"/issue/{key}/comment", {"body": body}, who)
    finish(bot, 2)


@pytest.mark.rule("U-14", "U-30")
def test_an_issue_with_a_neighbours_component_is_a_request(bot: Bot) -> None:
    number, key = asked(bot)
    (request,) = rows(bot)
    assert (request.ticket_id, request.department, request.issue_key) == (number, "ff:казань", key)
    assert len(chat(bot, "ff")) == 1
    assert "подключить группу склада Казань" in drafts(bot, number)[-1]["text"]
    before = len(comments(bot, key))
    fire_after(bot, "24h")
    assert ["Напоминаем" in text for text in comments(bot, key)[before:]] == [True]
    assert [who for _, who, _, _ in told(bot)] == ["department", "department", "agent"]
    comment(bot, key, "Коллеги, как дела?", OPERATOR)
    assert states(bot) == [(1, "open", None)]
    comment(bot, key, "Пропуск выписан.", ADMIN)
    assert states(bot) == [(1, "answered", "comment")]
    assert fire_after(bot, "48h") == 0
    comment(bot, key, "И второй тоже.", ADMIN)
    assert len(rows(bot)) == 1


@pytest.mark.rule("U-30")
@pytest.mark.parametrize("action", ["deleted", "component"])
def test_an_issue_that_is_the_departments_no_more_ends_its_request(bot: Bot, action: str) -> None:
    _, key = asked(bot)
    if action == "deleted":
        person(bot, "DELETE", f"/issue/{key}", who=ADMIN)
    else:
        write(bot, key, "remove", "FF:Казань")
    finish(bot, 2)
    assert states(bot) == [(1, "withdrawn", "issue_deleted" if action == "deleted" else "other_department")]
    assert (pending(bot), fire_due(bot)) == ([], 0)


@pytest.mark.rule("U-14", "U-16")
def test_a_link_of_the_configured_type_is_a_request(bot: Bot) -> None:
    number, key = asked(bot)
    edit(bot, "jira_link_type: null", "jira_link_type: Blocks")
    other = make(bot, customfield_10051=None, components=[{"name": "FF:Хоругвино"}])["key"]
    finish(bot, 2)
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": key}, "outwardIssue": {"key": other}}
    person(bot, "POST", "/issueLink", link)
    finish(bot, 2)
    assert [(one.source, one.ticket_id, one.issue_key) for one in rows(bot)][-1] == ("webcrm", number, other)
    assert number in comments(bot, other)[-1]
    assert (len(chat(bot, "ff")), len(pending(bot))) == (2, 2)  # it was told already: by the component
    assert "подключить группу склада Хоругвино" in drafts(bot, number)[-1]["text"]


@pytest.mark.rule("U-14", "W-57")
def test_a_label_on_an_issue_with_the_bots_own_component_asks_nobody(bot: Bot) -> None:
    number, key = escalated(bot)
    label(bot, key)
    write(bot, key, "add", "Документы")
    finish(bot, 2)
    assert nothing_asked(bot, number)


@pytest.mark.rule("U-14", "W-57")
def test_an_issue_made_by_hand_that_the_bot_completes_asks_nobody(bot: Bot) -> None:
    prepare(bot)
    made = ticket(warehouse="Казань")
    bot.sandbox.put_ticket(made)
    key = make(bot, customfield_10050=made["id"], customfield_10053="Казань")["key"]
    finish(bot, 2)
    assert components(bot, key) == ["FF:Казань"]
    assert nothing_asked(bot, made["id"])
    label(bot, key)
    assert nothing_asked(bot, made["id"])


@pytest.mark.rule("U-14", "W-57")
def test_of_two_groups_an_issue_made_by_hand_asks_the_one_that_the_person_set(bot: Bot) -> None:
    prepare(bot)
    key = make(bot, components=[{"name": "FF:Казань"}])["key"]
    finish(bot, 2)
    assert components(bot, key) == ["FF:Казань", "FF:Хоругвино"]
    assert departments(bot) == [("ff:казань", "open")]


@pytest.mark.rule("U-14", "U-16")
def test_a_departments_component_that_a_person_adds_to_the_bots_issue_is_a_request(bot: Bot) -> None:
    number, key = escalated(bot)
    write(bot, key, "add", "FF:Казань")
    finish(bot, 2)
    assert departments(bot) == [("ff:казань", "open")]
    assert (len(pending(bot)), len(chat(bot, "ff"))) == (1, 1)
    assert any("группу склада Казань" in one["text"] for one in drafts(bot, number))
    before = notes(bot, number)
    label(bot, key)
    write(bot, key, "add", "Документы")
    finish(bot, 2)
    assert (departments(bot), notes(bot, number)) == ([("ff:казань", "open")], before)
    write(bot, key, "remove", "FF:Казань")
    finish(bot, 2)
    assert departments(bot) == [("ff:казань", "withdrawn")]


@pytest.mark.rule("U-14")
def test_the_bots_component_becomes_a_question_when_a_person_puts_it_back(bot: Bot) -> None:
    _, key = escalated(bot)
    write(bot, key, "remove", "FF:Хоругвино")
    finish(bot, 2)
    assert departments(bot) == []
    write(bot, key, "add", "FF:Хоругвино")
    finish(bot, 2)
    assert departments(bot) == [("ff:хоругвино", "open")]
    label(bot, key)
    assert departments(bot) == [("ff:хоругвино", "open")]


@pytest.mark.rule("U-14")
def test_the_bots_issue_given_to_a_departments_assignee_is_a_request(bot: Bot) -> None:
    _, key = escalated(bot)
    edit(bot, "jira_component: FF:Склад", f"jira_component: FF:Склад\n    jira_assignee: {ADMIN}")
    person(bot, "PUT", f"/issue/{key}/assignee", {"accountId": ADMIN})
    finish(bot, 2)
    assert departments(bot) == [("warehouse", "open")]


@pytest.mark.rule("U-14")
@pytest.mark.parametrize("who", ["bot", "person"])
def test_an_issue_opened_again_asks_only_whom_a_person_asked(bot: Bot, who: str) -> None:
    number, key = escalated(bot) if who == "bot" else asked(bot)
    move(bot, key, "Готово")
    move(bot, key, "Открыт")
    if who == "bot":
        assert nothing_asked(bot, number)
    else:
        assert departments(bot) == [("ff:казань", "answered"), ("ff:казань", "open")]


@pytest.mark.rule("U-14", "U-16")
def test_a_question_in_jira_gets_its_ticket_when_a_person_names_it_later(bot: Bot) -> None:
    prepare(bot)
    key = make(bot, components=[{"name": "FF:Казань"}])["key"]
    finish(bot, 2)
    made = ticket()
    bot.sandbox.put_ticket(made)
    person(bot, "PUT", f"/issue/{key}", {"fields": {"customfield_10050": made["id"]}})
    finish(bot, 2)
    assert [(row.source, row.ticket_id, row.state) for row in rows(bot)] == [("webcrm", made["id"], "open")]
    assert len(chat(bot, "ff")) == 1


@pytest.mark.rule("U-14", "W-64")
def test_a_component_that_a_move_takes_along_asks_nobody(bot: Bot) -> None:
    number, key = escalated(bot)
    carried = {"fieldId": "components", "from": None, "to": "1", "fromString": None, "toString": "FF:Хоругвино"}
    renamed = {"field": "Key", "from": None, "fromString": "QC-7", "to": None, "toString": key}
    issue = {"id": bot.sandbox.issue(key)["id"], "key": key}
    user = {"accountId": OPERATOR, "accountType": "atlassian"}
    changes = {"user": user, "issue": issue, "changelog": {"items": [carried, renamed]}}
    assert bot.jira({"webhookEvent": "jira:issue_updated", **changes}) == 202
    finish(bot, 2)
    assert nothing_asked(bot, number)
