"""What the bot remembers of Jira it does not remember for ever: a component that was made anew, another account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from desk.jira.directory import KNOWN_FOR
from store import systems
from store.tables import deliveries
from tests.bot import Bot
from tests.handlers.test_closed_again import close, put, reopened
from tests.handlers.test_courtesies import lacking
from tests.handlers.test_hand_made import ADMIN, comments, components, make, person, write
from tests.handlers.test_hold_retries import replay
from tests.handlers.test_holds import for_ozon
from tests.handlers.test_jira_task import escalate
from tests.handlers.test_not_seen import alerted, unfinished
from tests.tickets import closing, ticket

GROUP = "FF:Хоругвино"


def number_of(bot: Bot, name: str = GROUP, project: str = "FBO") -> str:
    """The id of a component."""
    found = bot.sandbox.call("GET", f"/rest/api/3/project/{project}/components")
    return next(str(one["id"]) for one in found if one["name"] == name)


def delete(bot: Bot, name: str = GROUP) -> None:
    """An admin deletes a component; nothing tells the bot."""
    bot.sandbox.call_as(ADMIN, "DELETE", f"/rest/api/3/component/{number_of(bot, name)}")


def make_anew(bot: Bot, name: str = GROUP) -> None:
    """An admin deletes a component, and makes one of the same name."""
    delete(bot, name)
    bot.sandbox.call_as(ADMIN, "POST", "/rest/api/3/component", {"name": name, "project": "FBO"})


@pytest.mark.rule("W-57")
def test_a_component_that_was_made_anew_does_not_kill_its_warehouse(any_bot: Bot) -> None:
    bot = any_bot
    escalate(bot)
    make_anew(bot)
    event = escalate(bot)
    assert components(bot, "FBO-2") == [GROUP]
    assert bot.delivery(event["id"]).state == "done"
    person(bot, "PUT", "/issue/FBO-2", {"update": {"components": [{"add": {"name": "Документы"}}]}})
    assert comments(bot, "FBO-2") == []  # the bot knows its own component by its new id
    escalate(bot)
    refused = [call for call in bot.sandbox.calls("jira") if call["status"] == 400]
    assert len(refused) == 1  # from then on it knows the new one


@pytest.mark.rule("W-57")
def test_a_component_that_is_deleted_and_may_be_made_is_made(bot: Bot) -> None:
    escalate(bot)
    delete(bot)
    escalate(bot)
    assert components(bot, "FBO-2") == [GROUP]
    assert unfinished(bot) == []


@pytest.mark.rule("W-57")
def test_a_component_that_is_deleted_and_may_not_be_made_is_left_out_and_told(bot: Bot) -> None:
    escalate(bot)
    delete(bot)
    bot.sandbox.permissions(ADMINISTER_PROJECTS=False)
    event = escalate(bot)
    assert components(bot, "FBO-2") == []
    assert "компонент" in lacking(bot, event)[0]
    assert GROUP in alerted(bot, "component")[0]
    assert unfinished(bot) == []


@pytest.mark.rule("W-57")
def test_a_replay_does_not_die_of_the_component_that_its_ledger_remembers(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    # the first try ends right after the components were chosen
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=403)
    event = closing(made)
    assert bot.crm(event) == 202
    bot.work()
    assert bot.delivery(event["id"]).state == "dead"
    make_anew(bot)
    bot.runner = bot.new_runner()
    replay(bot, bot.delivery(event["id"]).id)
    bot.work()
    assert bot.delivery(event["id"]).state == "done"
    assert components(bot, "FBO-1") == [GROUP]


@pytest.mark.rule("W-57")
def test_an_issue_made_by_hand_gets_the_component_that_was_made_anew(bot: Bot) -> None:
    make(bot)
    make_anew(bot)
    key = make(bot)["key"]
    assert components(bot, key) == [GROUP]
    assert unfinished(bot) == []


@pytest.mark.rule("W-71")
def test_an_issue_that_comes_back_from_a_hold_gets_the_component_that_was_made_anew(bot: Bot) -> None:
    escalate(bot)
    event = for_ozon(bot)
    make_anew(bot)
    close(bot, reopened(bot, event["ticket"]["id"]), "again")
    assert components(bot, "FBO-2") == [GROUP]


@pytest.mark.rule("W-57")
def test_a_component_that_an_admin_deleted_was_not_taken_away_by_a_person(bot: Bot) -> None:
    close(bot, put(bot), "a")
    make_anew(bot)
    write(bot, "FBO-1", "add", "Документы")
    assert comments(bot, "FBO-1") == []
    assert components(bot, "FBO-1") == [GROUP, "Документы"]


@pytest.mark.rule("W-57")
def test_a_component_that_was_renamed_is_not_taken_for_the_group_for_ever(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    escalate(bot)
    bot.sandbox.call_as(ADMIN, "PUT", f"/rest/api/3/component/{number_of(bot)}", {"name": "Архив"})
    later = machine_now() + KNOWN_FOR + timedelta(seconds=1)
    monkeypatch.setattr("desk.jira.directory.machine_now", lambda: later)
    escalate(bot)
    assert components(bot, "FBO-2") == [GROUP]


def test_another_account_of_the_bots_is_its_own(bot: Bot) -> None:
    """The admin gives the bot another account: what it does itself is no person's word."""
    escalate(bot)
    with bot.engine.begin() as connection:
        systems.set_breaker(connection, "jira:main", account_id="712020:former")
    bot.process.factory.directory.__init__()  # type: ignore[misc]  # as a process that has just begun
    calls = len(bot.sandbox.calls("jira"))
    close(bot, put(bot), "a")
    assert {row.state for row in jira_deliveries(bot)} == {"ignored"}
    asked = [call["path"] for call in bot.sandbox.calls("jira")[calls:] if call["path"].endswith("/myself")]
    assert len(asked) == 1


def jira_deliveries(bot: Bot) -> list[Any]:
    """What Jira told."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(deliveries).where(deliveries.c.source == "jira")))
