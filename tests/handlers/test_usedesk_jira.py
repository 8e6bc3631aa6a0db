"""A Jira task asked for in Usedesk's block: filled from the ticket, one per ticket, its status remembered."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from events import JiraAskedEvent
from runtime.own_events import post
from store.tables import links
from tests.bot import Bot
from tests.handlers.test_usedesk_checks import TICKET, bot
from tests.tickets import ticket
from tests.usedesk import notes

__all__ = ["bot"]
PERSON = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"


def ask(bot: Bot, key: str) -> None:
    """The button was pressed."""
    event = JiraAskedEvent(
        occurred_at=bot.process.clock.now(),
        key=key,
        ticket_source="usedesk",
        ticket_id=TICKET,
        topic_type="Отгрузка со склада OZON (FBO)",
        topic_subtype="Прибытие водителя на склад",
    )
    with bot.engine.begin() as connection:
        post(connection, event)
    bot.work()


def test_a_task_is_made_once_and_its_status_is_known(bot: Bot) -> None:
    ask(bot, "one")
    (issue,) = bot.sandbox.issues()
    assert f"usedesk-{TICKET}" in issue["fields"]["labels"]
    assert "Помогите" in str(issue["fields"]["description"])
    assert [issue["key"] in note and "Создана" in note for note in notes(bot, TICKET)] == [True]
    ask(bot, "two")
    assert len(bot.sandbox.issues()) == 1
    moves = bot.sandbox.call("GET", f"/rest/api/3/issue/{issue['key']}/transitions")["transitions"]
    target = next(one for one in moves if one["to"]["name"] == "В работе")
    path = f"/rest/api/3/issue/{issue['key']}/transitions"
    bot.sandbox.call_as(
        "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002", "POST", path, {"transition": {"id": target["id"]}}
    )
    bot.work()
    with bot.engine.connect() as connection:
        assert connection.execute(sa.select(links.c.status)).scalar_one() == "В работе"


def test_nothing_is_made_in_a_mode_that_only_records(bot: Bot) -> None:
    bot.set_mode("W-40", "observe")
    ask(bot, "one")
    assert bot.sandbox.issues() == []
    assert notes(bot, TICKET) == []


@pytest.mark.parametrize("comments", [[], [{"message": " "}]])
def test_a_ticket_that_says_nothing_makes_no_task(bot: Bot, comments: list[dict[str, str]]) -> None:
    bot.sandbox.put_usedesk(int(TICKET), subject="x", comments=comments)
    ask(bot, "one")
    assert bot.sandbox.issues() == []
    assert ["описывать нечего" in note for note in notes(bot, TICKET)] == [True]


def test_a_number_of_usedesk_is_nobodys_ticket_in_webcrm(bot: Bot) -> None:
    bot.sandbox.put_ticket(ticket(id=TICKET))
    ask(bot, "one")
    (issue,) = bot.sandbox.issues()
    path = f"/rest/api/3/issue/{issue['key']}"
    body = {"update": {"labels": [{"add": "срочно"}]}}
    bot.sandbox.call_as("712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002", "PUT", path, body)
    bot.work()
    bot.sandbox.call("POST", "/sandbox/jira/move", {"issue": issue["key"], "project": "QC"})
    bot.work()
    assert bot.sandbox.ticket(TICKET)["jira_key"] is None
    assert bot.sandbox.ticket(TICKET)["messages"][1:] == []
