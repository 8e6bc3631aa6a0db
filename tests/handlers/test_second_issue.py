"""A ticket that is closed again under another group's pair: that group gets an issue of its own (W-62, W-64)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import links
from tests.bot import Bot
from tests.handlers.test_closed_again import close, keys, put, reopened, standing
from tests.handlers.test_hand_made import comments, make, person
from tests.handlers.test_jira_task import notes
from tests.tickets import closing

OTHER = {"type": "Контроль качества", "subtype": "Запрос документов"}


def other_group(bot: Bot, number: str, name: str, **changes: Any) -> dict[str, Any]:
    """Close the ticket again under a pair of quality control's."""
    made = reopened(bot, number, **OTHER, **changes)
    return close(bot, made, name, description="Нужны документы на партию.")


def linked(bot: Bot, key: str) -> list[str]:
    """The issues that an issue is linked to."""
    found = person(bot, "GET", f"/issue/{key}?fields=issuelinks")["fields"]["issuelinks"]
    return [(one.get("outwardIssue") or one["inwardIssue"])["key"] for one in found]


@pytest.mark.rule("W-62", "W-64")
def test_another_groups_pair_makes_a_second_issue_that_is_linked(any_bot: Bot) -> None:
    made = put(any_bot)
    close(any_bot, made, "a")
    event = other_group(any_bot, made["id"], "b")
    assert keys(any_bot) == ["FBO-1", "QC-1"]
    assert standing(any_bot, made["id"]) == ("QC-1", "Закрыт")
    assert linked(any_bot, "QC-1") == ["FBO-1"]
    assert comments(any_bot, "FBO-1") == []
    (note,) = [text for text in notes(any_bot, event) if "QC-1" in text]
    assert "FBO-1" in note
    assert "(W-62)" in note


@pytest.mark.rule("W-62")
def test_the_same_closing_again_makes_no_third(any_bot: Bot) -> None:
    made = put(any_bot)
    close(any_bot, made, "a")
    event = other_group(any_bot, made["id"], "b")
    assert any_bot.crm(event) == 202
    other_group(any_bot, made["id"], "c")
    any_bot.work()
    assert keys(any_bot) == ["FBO-1", "QC-1"]


@pytest.mark.rule("W-62", "W-64")
def test_the_first_group_gets_its_own_issue_back(any_bot: Bot) -> None:
    made = put(any_bot)
    close(any_bot, made, "a")
    other_group(any_bot, made["id"], "b")
    event = close(
        any_bot, reopened(any_bot, made["id"], **{k: made[k] for k in OTHER}), "c", description="Снова стоит."
    )
    assert keys(any_bot) == ["FBO-1", "QC-1"]
    assert standing(any_bot, made["id"]) == ("FBO-1", "Закрыт")
    assert "Снова стоит." in str(comments(any_bot, "FBO-1"))
    assert any("FBO-1" in text and "снова закрыт" in text for text in notes(any_bot, event))


@pytest.mark.rule("W-62")
@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_by_mode_the_agent_is_told_whose_the_ticket_is(bot: Bot, mode: str) -> None:
    bot.set_mode("W-62", mode)
    made = put(bot)
    close(bot, made, "a")
    event = other_group(bot, made["id"], "b")
    assert keys(bot) == ["FBO-1"]
    offered = [text for text in notes(bot, event) if "группа проекта QC" in text]
    assert len(offered) == {"warn": 1, "observe": 0}[mode]
    assert "Нужны документы на партию." in str(comments(bot, "FBO-1"))
    assert standing(bot, made["id"]) == ("FBO-1", "Закрыт")


@pytest.mark.rule("W-64")
def test_an_issue_that_the_agent_made_for_the_other_group_is_the_second(bot: Bot) -> None:
    bot.set_mode("W-62", "warn")
    made = put(bot)
    close(bot, made, "a")
    key = make(bot, project={"key": "QC"})["key"]
    other_group(bot, made["id"], "b", jira_key=key)
    assert keys(bot) == ["FBO-1", key]
    assert standing(bot, made["id"]) == (key, "Закрыт")
    with bot.engine.connect() as connection:
        rows = connection.execute(sa.select(links.c.issue_key, links.c.former_since).order_by(links.c.id)).all()
    assert [(row.issue_key, row.former_since is None) for row in rows] == [("FBO-1", False), (key, True)]


@pytest.mark.rule("W-62")
def test_an_issue_that_a_person_moved_makes_no_second_one(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    bot.sandbox.call("POST", "/sandbox/jira/move", {"issue": "FBO-1", "project": "QC"})
    bot.work()
    close(bot, reopened(bot, made["id"]), "b", description="Всё ещё стоит.")
    assert len(keys(bot)) == 1


@pytest.mark.rule("W-62")
def test_a_second_issue_whose_answer_was_lost_is_found(any_bot: Bot) -> None:
    made = put(any_bot)
    close(any_bot, made, "a")
    any_bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", times=1, status=500, after_effect=True)
    again = reopened(any_bot, made["id"], **OTHER)
    assert any_bot.crm(closing(again, id="b", description="Нужны документы.")) == 202
    any_bot.work()
    any_bot.hurry()
    any_bot.work()
    assert keys(any_bot) == ["FBO-1", "QC-1"]
    assert standing(any_bot, made["id"]) == ("QC-1", "Закрыт")


@pytest.mark.rule("W-64")
def test_a_former_issue_that_moves_leaves_the_tickets_key_alone(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    other_group(bot, made["id"], "b")
    bot.sandbox.call("POST", "/sandbox/jira/move", {"issue": "FBO-1", "project": "ADS"})
    bot.work()
    assert bot.sandbox.ticket(made["id"])["jira_key"] == "QC-1"


@pytest.mark.rule("W-62", "W-64")
@pytest.mark.parametrize(
    ("system", "match"),
    [
        ("jira", "POST /rest/api/3/issue/*"),
        ("jira", "POST /rest/api/3/issueLink"),
        ("webcrm", "PATCH /webcrm/tickets/*"),
    ],
)
def test_a_closing_that_broke_off_behind_the_second_issue_goes_on_with_it(bot: Bot, system: str, match: str) -> None:
    made = put(bot)
    close(bot, made, "a")
    bot.sandbox.fault(system=system, match=match, status=500)
    event = closing(reopened(bot, made["id"], **OTHER), id="b", description="Нужны документы.")
    assert bot.crm(event) == 202
    bot.work()
    assert bot.delivery("b").state == "waiting"
    bot.hurry()
    bot.work()
    assert linked(bot, "QC-1") == ["FBO-1"]
    assert standing(bot, made["id"]) == ("QC-1", "Закрыт")
    assert [text for text in notes(bot, event) if "вторую задачу QC-1" in text]
