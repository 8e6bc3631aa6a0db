"""Names of statuses, types, priorities and links: by id, however they are written, in whatever language."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bot import Bot
from tests.handlers.request_life import finish as settle
from tests.handlers.request_life import rows, states
from tests.handlers.test_closed_again import close, finish, reopened
from tests.handlers.test_courtesies import lacking, prioritise, refuse
from tests.handlers.test_hand_made import ADMIN, make, person
from tests.handlers.test_holds import for_ozon, for_seller, hold, status
from tests.handlers.test_jira_task import escalate
from tests.handlers.test_not_seen import unfinished
from tests.handlers.test_requests import edit
from tests.handlers.test_requests_in_jira import asked

ENGLISH = "712020:e9e00000-5c18-4b7a-9d02-8a6f3e1be005"
OPEN, IN_WORK, QUEUE, DONE = "10001", "10002", "10003", "10005"


def configure(bot: Bot, name: str, *changes: tuple[str, str]) -> None:
    """An admin writes names another way."""
    bot.set_mode("U-14", "act")  # makes the copy
    file = bot.process.settings.data_dir / "config" / name
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    bot.set_config()


def way(bot: Bot, number: str, to: str, **more: Any) -> None:
    """Another transition of the workflow."""
    sources = [one for one in ("10001", "10002", "10003", "10004") if one != to]
    made = {"id": number, "name": f"Путь {number}", "to": to, "sources": sources, **more}
    bot.sandbox.call("POST", "/sandbox/jira/transitions", made)


def goes(bot: Bot, key: str, to: str, who: str) -> None:
    """A person brings an issue into a status, by its id."""
    found = person(bot, "GET", f"/issue/{key}/transitions", who=who)["transitions"]
    person(bot, "POST", f"/issue/{key}/transitions", {"transition": {"id": _way(found, to)}}, who)


def _way(found: list[dict[str, Any]], to: str) -> str:
    return next(str(one["id"]) for one in found if one["to"]["id"] == to)


@pytest.mark.rule("W-68", "W-71")
@pytest.mark.parametrize(
    ("in_work", "queue"), [("в  Работе", "ожидает «обработки»"), (IN_WORK, QUEUE)], ids=["folded", "by-id"]
)
def test_a_status_is_found_however_config_names_it(bot: Bot, in_work: str, queue: str) -> None:
    configure(
        bot,
        "jira.yml",
        ("in_work: В работе", f'in_work: "{in_work}"'),
        ("queue: Ожидает обработки", f'queue: "{queue}"'),
    )
    for_ozon(bot)
    assert status(bot, bot.sandbox.issues()[0]["key"]) == "Ожидает обработки"
    assert unfinished(bot) == []


@pytest.mark.rule("W-68")
def test_of_several_ways_the_one_that_asks_for_nothing_is_taken(bot: Bot) -> None:
    way(bot, "05", IN_WORK, screen=["resolution"], required=["resolution"])
    way(bot, "91", IN_WORK, screen=["resolution", "comment"], required=["resolution"])
    way(bot, "92", QUEUE, screen=["comment"])
    way(bot, "93", QUEUE, available=False)
    for_ozon(bot)
    key = bot.sandbox.issues()[0]
    made = [call["body"]["transition"]["id"] for call in bot.sandbox.calls("jira") if _moves(call)]
    assert (status(bot, key["key"]), made) == ("Ожидает обработки", ["11", "21"])


def _moves(call: dict[str, Any]) -> bool:
    return bool(call["method"] == "POST" and call["path"].endswith("/transitions"))


@pytest.mark.rule("W-68")
def test_a_way_that_asks_for_something_is_said(bot: Bot) -> None:
    way(bot, "11", IN_WORK, screen=["resolution"], required=["resolution"])
    event = for_ozon(bot)
    assert bot.delivery(event["id"]).state == "dead"
    assert "asks for resolution" in str(bot.delivery(event["id"]).reason)


@pytest.mark.rule("U-30")
def test_a_department_that_finishes_in_another_language_has_answered(any_bot: Bot) -> None:
    bot = any_bot
    _, key = asked(bot)
    goes(bot, key, DONE, ENGLISH)
    settle(bot, 2)
    assert states(bot) == [(1, "answered", "status")]


@pytest.mark.rule("U-30")
def test_a_finished_status_that_config_does_not_name_is_one_by_its_category(bot: Bot) -> None:
    configure(bot, "jira.yml", ("done: [Готово]", "done: [Закрыто]"))
    _, key = asked(bot)
    goes(bot, key, DONE, ADMIN)
    settle(bot, 2)
    assert states(bot) == [(1, "answered", "status")]


@pytest.mark.rule("U-14")
def test_a_finished_issue_that_is_opened_again_in_another_language_is_asked_anew(bot: Bot) -> None:
    _, key = asked(bot)
    goes(bot, key, DONE, ENGLISH)
    settle(bot, 2)
    goes(bot, key, OPEN, ENGLISH)
    settle(bot, 2)
    assert states(bot)[-1] == (2, "open", None)


@pytest.mark.rule("W-52")
def test_a_hold_ends_when_its_issue_is_finished_in_another_language(bot: Bot) -> None:
    for_seller(bot)
    goes(bot, bot.sandbox.issues()[0]["key"], DONE, ENGLISH)
    assert hold(bot).ended_why == "issue_closed"


@pytest.mark.rule("W-66")
def test_a_status_that_asks_for_a_hold_does_so_in_another_language(bot: Bot) -> None:
    configure(bot, "holds.yml", ("transitions:\n  ozon: null", "transitions:\n  ozon: открыт"))
    fields = {"project": {"key": "FBO"}, "issuetype": {"id": "10101"}, "summary": "Driver at the gate"}
    person(bot, "POST", "/issue", {"fields": fields}, ENGLISH)
    assert hold(bot).kind == "ozon"


@pytest.mark.rule("W-60")
@pytest.mark.parametrize("name", ["обращение  партнёра", "Обращение партнера", "10101"])
def test_an_issue_type_is_found_however_config_names_it(bot: Bot, name: str) -> None:
    configure(bot, "jira.yml", ("escalation: Обращение партнёра", f'escalation: "{name}"'))
    escalate(bot)
    escalate(bot)
    assert [one["fields"]["issuetype"]["name"] for one in bot.sandbox.issues()] == ["Обращение партнёра"] * 2
    refused = [call for call in bot.sandbox.calls("jira") if call["status"] == 400]
    assert len(refused) == (name != "10101")  # from then on it is known by its id


@pytest.mark.rule("W-61")
def test_a_priority_is_found_however_a_template_names_it(bot: Bot) -> None:
    prioritise(bot, "ВЫСОКИЙ")
    event = escalate(bot)
    assert bot.sandbox.issues()[0]["fields"]["priority"]["name"] == "Высокий"
    assert lacking(bot, event) == []


@pytest.mark.rule("W-60")
def test_an_issue_type_that_is_refused_for_good_is_asked_for_once(bot: Bot) -> None:
    refuse(bot, "POST /rest/api/3/issue", {"issuetype": "The issue type selected is invalid."}, times=9)
    event = escalate(bot)
    assert bot.delivery(event["id"]).state == "dead"
    assert len([call for call in bot.sandbox.calls("jira") if call["status"] == 400]) == 2


@pytest.mark.rule("W-53")
def test_a_type_of_links_is_found_however_config_names_it(bot: Bot) -> None:
    configure(bot, "holds.yml", ("link_type: Relates", "link_type: relates"))
    key = make(bot)["key"]
    for_ozon(bot, hold_detail={"reason": "external_jira", "jira_key": key})
    (link,) = bot.sandbox.issue(key)["fields"]["issuelinks"]
    assert link["type"]["name"] == "Relates"


@pytest.mark.rule("U-14")
def test_a_link_asks_a_department_however_config_names_its_type(bot: Bot) -> None:
    number, key = asked(bot)
    edit(bot, "jira_link_type: null", "jira_link_type: blocks")
    other = make(bot, customfield_10051=None, components=[{"name": "FF:Хоругвино"}])["key"]
    settle(bot, 2)
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": key}, "outwardIssue": {"key": other}}
    person(bot, "POST", "/issueLink", link)
    settle(bot, 2)
    assert (rows(bot)[-1].ticket_id, rows(bot)[-1].issue_key) == (number, other)


@pytest.mark.rule("W-65")
def test_a_finished_issue_of_a_hold_is_one_by_its_category(bot: Bot) -> None:
    configure(bot, "jira.yml", ("done: [Готово]", "done: [Закрыто]"))
    event = for_ozon(bot)
    finish(bot, "FBO-1")
    close(bot, reopened(bot, event["ticket"]["id"]), "again")
    assert [one["key"] for one in bot.sandbox.issues()] == ["FBO-1", "FBO-2"]
