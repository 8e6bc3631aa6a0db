"""Requests that a person makes in Jira: a neighbour's component, a link, their answer and their end (U-14, U-30)."""

from __future__ import annotations

import pytest

from tests.bot import Bot
from tests.handlers.request_life import chat, drafts, finish, pending, prepare, ring, rows, rung, states, told
from tests.handlers.test_hand_made import ADMIN, OPERATOR, comments, make, person, write
from tests.handlers.test_requests import edit
from tests.tickets import ticket


def asked(bot: Bot) -> tuple[str, str]:
    """An issue that a person made for a ticket: the bot adds the group of the warehouse; (ticket, key)."""
    prepare(bot)
    made = ticket(warehouse="Казань")
    bot.sandbox.put_ticket(made)
    key = make(bot, customfield_10050=made["id"], customfield_10053="Казань")["key"]
    finish(bot, 2)
    return made["id"], key


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
    ring(bot, "24h")
    assert ["Напоминаем" in text for text in comments(bot, key)[before:]] == [True]
    assert [who for _, who, _, _ in told(bot)] == ["department", "department", "agent"]
    comment(bot, key, "Коллеги, как дела?", OPERATOR)
    assert states(bot) == [(1, "open", None)]
    comment(bot, key, "Пропуск выписан.", ADMIN)
    assert states(bot) == [(1, "answered", "comment")]
    assert ring(bot, "48h") == 0
    comment(bot, key, "И второй тоже.", ADMIN)
    assert len(rows(bot)) == 1


@pytest.mark.rule("U-30")
@pytest.mark.parametrize("deed", ["deleted", "component"])
def test_an_issue_that_is_the_departments_no_more_ends_its_request(bot: Bot, deed: str) -> None:
    _, key = asked(bot)
    if deed == "deleted":
        person(bot, "DELETE", f"/issue/{key}", who=ADMIN)
    else:
        write(bot, key, "remove", "FF:Казань")
    finish(bot, 2)
    assert states(bot) == [(1, "withdrawn", "issue_deleted" if deed == "deleted" else "other_department")]
    assert (pending(bot), rung(bot)) == ([], 0)


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
