"""A ticket that is closed again, a pasted key, an issue that was deleted or finished: nothing is lost unsaid."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import holds, links
from tests.bot import Bot
from tests.handlers.test_hand_made import ADMIN, comments, components, make, person
from tests.handlers.test_jira_task import notes
from tests.tickets import FBO, closing, ticket


def put(bot: Bot, **changes: Any) -> dict[str, Any]:
    """A ticket in the CRM."""
    made = ticket(**changes)
    bot.sandbox.put_ticket(made)
    return made


def reopened(bot: Bot, number: str, **changes: Any) -> dict[str, Any]:
    """The ticket as it stands in the CRM, taken in work again."""
    made = copy.deepcopy(bot.sandbox.ticket(number)) | {"status": "В работе"} | changes
    bot.sandbox.put_ticket(made)
    return made


def close(bot: Bot, made: dict[str, Any], name: str, **chosen: Any) -> dict[str, Any]:
    """Close it, under an id of its own."""
    event = closing(made, id=name, **chosen)
    assert bot.crm(event) == 202
    bot.work()
    assert bot.delivery(name).state == "done", bot.delivery(name).reason
    return event


def keys(bot: Bot) -> list[str]:
    """The keys of all issues."""
    return [issue["key"] for issue in bot.sandbox.issues()]


def finish(bot: Bot, key: str) -> None:
    """The third line finishes an issue."""
    for status in ("В работе", "Готово"):
        found = person(bot, "GET", f"/issue/{key}/transitions")["transitions"]
        (way,) = [one["id"] for one in found if one["to"]["name"] == status]
        person(bot, "POST", f"/issue/{key}/transitions", {"transition": {"id": way}})


def standing(bot: Bot, number: str) -> tuple[str | None, str]:
    """The key and the status of a ticket."""
    found = bot.sandbox.ticket(number)
    return found["jira_key"], found["status"]


@pytest.mark.rule("W-64")
@pytest.mark.parametrize("paste", [" {} ", "{}\n", "https://example.atlassian.net/browse/{}?focusedId=1", "см. {}"])
def test_a_pasted_key_is_read_however_it_is_pasted(bot: Bot, paste: str) -> None:
    key = make(bot)["key"]
    made = put(bot, jira_key=paste.format(key.lower() if paste == "{}\n" else key))
    close(bot, made, "a")
    assert keys(bot) == [key]
    assert bot.sandbox.ticket(made["id"])["status"] == "Закрыт"


@pytest.mark.rule("W-64")
def test_the_issue_of_another_ticket_is_not_taken_and_the_ticket_stays_open(bot: Bot) -> None:
    first = put(bot)
    close(bot, first, "a")
    second = put(bot, jira_key="FBO-1")
    event = close(bot, second, "b")
    assert standing(bot, second["id"]) == ("FBO-1", "В работе")
    (note,) = notes(bot, event)
    assert "FBO-1" in note
    assert f"тикета {first['id']}" in note
    assert comments(bot, "FBO-1") == []


@pytest.mark.rule("W-64")
def test_another_key_than_the_tickets_own_is_said(bot: Bot) -> None:
    own, other = make(bot)["key"], make(bot)["key"]
    made = put(bot, jira_key=own)
    close(bot, made, "a")
    event = close(bot, reopened(bot, made["id"], jira_key=other), "b")
    assert any(own in note and other in note for note in notes(bot, event))


@pytest.mark.rule("W-63")
def test_what_a_later_closing_tells_reaches_the_third_line_once(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    close(bot, made, "b", type="ticket.closed")  # the same closing, told by the CRM once more
    assert comments(bot, "FBO-1") == []
    finish(bot, "FBO-1")
    again = reopened(bot, made["id"])
    event = close(bot, again, "c", description="Второй водитель стоит у ворот")
    close(bot, again, "d", type="ticket.closed", description="Второй водитель стоит у ворот")
    (comment,) = comments(bot, "FBO-1")
    assert "Второй водитель стоит у ворот" in comment
    assert keys(bot) == ["FBO-1"]
    (note,) = notes(bot, event)
    assert note.startswith("У тикета уже есть задача FBO-1")
    assert standing(bot, made["id"]) == ("FBO-1", "Закрыт")


@pytest.mark.rule("W-63")
def test_the_same_of_an_issue_that_a_person_made(bot: Bot) -> None:
    key = make(bot)["key"]
    made = put(bot, jira_key=key)
    close(bot, made, "a")
    close(bot, made, "b", type="ticket.closed")
    assert comments(bot, key) == []
    close(bot, reopened(bot, made["id"]), "c", description="Второй водитель стоит у ворот")
    assert ["Второй водитель" in text for text in comments(bot, key)] == [True]


@pytest.mark.rule("W-64")
def test_a_deleted_issue_leaves_no_key_and_the_next_closing_makes_another(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    person(bot, "DELETE", "/issue/FBO-1", who=ADMIN)
    assert bot.sandbox.ticket(made["id"])["jira_key"] is None
    event = close(bot, reopened(bot, made["id"]), "b")
    assert keys(bot) == ["FBO-2"]
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")
    assert [note.split(",")[0] for note in notes(bot, event)] == ["Задачу FBO-1 удалили в Jira"]


def test_a_deleted_issue_takes_no_other_key_away(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    reopened(bot, made["id"], jira_key="FBO-99")
    person(bot, "DELETE", "/issue/FBO-1", who=ADMIN)
    assert bot.sandbox.ticket(made["id"])["jira_key"] == "FBO-99"


@pytest.mark.rule("W-65")
def test_a_key_that_was_erased_is_written_again(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    close(bot, reopened(bot, made["id"], jira_key=None), "b")
    assert standing(bot, made["id"]) == ("FBO-1", "Закрыт")


def hold_then_escalate(bot: Bot, **changes: Any) -> dict[str, Any]:
    """A ticket is put on hold for Ozon; later its agent escalates it."""
    made = put(bot, **changes)
    close(bot, made, "hold", hold="ozon", create_jira=False, actions_done="Спросили в чате")
    return made


@pytest.mark.rule("W-62")
def test_a_hold_in_another_project_does_not_keep_the_escalation_there(bot: Bot) -> None:
    made = hold_then_escalate(bot, type="Финансы", subtype="Сверка")
    assert keys(bot) == ["DESK-1"]
    again = reopened(bot, made["id"], type=FBO, subtype="Прибытие водителя на склад")
    event = close(bot, again, "b")
    assert keys(bot) == ["DESK-1", "FBO-1"]
    assert components(bot, "FBO-1") == ["FF:Хоругвино"]
    assert standing(bot, made["id"]) == ("FBO-1", "Закрыт")
    assert not [note for note in notes(bot, event) if "указана задача" in note]


@pytest.mark.rule("W-65")
def test_a_hold_whose_issue_is_finished_is_escalated_by_a_new_one(bot: Bot) -> None:
    made = hold_then_escalate(bot)
    finish(bot, "FBO-1")
    close(bot, reopened(bot, made["id"]), "b")
    assert keys(bot) == ["FBO-1", "FBO-2"]
    assert standing(bot, made["id"]) == ("FBO-2", "Закрыт")


@pytest.mark.rule("W-71")
def test_a_hand_made_issue_comes_back_from_a_hold_to_the_third_line(bot: Bot) -> None:
    number = ticket()["id"]
    put(bot, id=number)
    key = make(bot, customfield_10050=number)["key"]
    close(bot, reopened(bot, number), "hold", hold="ozon", create_jira=False, actions_done="Спросили в чате")
    close(bot, reopened(bot, number), "b")
    assert keys(bot) == [key]
    assert components(bot, key) == ["FF:Хоругвино"]
    with bot.engine.connect() as connection:
        assert connection.execute(sa.select(links.c.purpose)).scalars().all() == ["escalation"]
        assert connection.execute(sa.select(holds.c.ended_at)).scalars().all() != [None]
    assert standing(bot, number) == (key, "Закрыт")


@pytest.mark.rule("W-24")
def test_a_pasted_issue_ends_the_waiting(bot: Bot) -> None:
    ours = {"id": "m2", "at": "2026-11-20T15:55:00+03:00", "author": {"role": "agent", "id": "a17"}}
    made = ticket(type="Финансы", subtype="Сверка")
    made["messages"].append(ours | {"visibility": "public", "kind": "question", "text": "Какой номер?"})
    bot.sandbox.put_ticket(made)
    close(bot, made, "wait", create_jira=False)
    key = make(bot)["key"]
    topic = {"type": FBO, "subtype": "Прибытие водителя на склад"}
    close(bot, reopened(bot, made["id"], jira_key=key, **topic), "b")
    with bot.engine.connect() as connection:
        (hold,) = connection.execute(sa.select(holds)).all()
    assert (hold.ended_why, hold.ended_at is None) == ("escalated", False)


@pytest.mark.rule("W-57")
def test_the_tickets_warehouse_counts_where_the_issue_names_none(bot: Bot) -> None:
    key = make(bot, customfield_10051=None, customfield_10053=None)["key"]
    close(bot, put(bot, warehouse="Казань", jira_key=key), "a")
    assert components(bot, key) == ["FF:Казань"]
    assert bot.sandbox.chat("admins") == []


@pytest.mark.rule("W-57")
def test_a_corrected_warehouse_moves_the_issue_to_its_group(bot: Bot) -> None:
    made = put(bot, warehouse=None)
    close(bot, made, "a")
    assert components(bot, "FBO-1") == ["FF:Склад"]
    for warehouse, group in (("Казань", "FF:Казань"), ("Хоругвино", "FF:Хоругвино"), ("Склад на Луне", "FF:Хоругвино")):
        person(bot, "PUT", "/issue/FBO-1", {"fields": {"customfield_10053": warehouse}})
        assert components(bot, "FBO-1") == [group]


def test_a_group_that_a_person_added_stays_when_the_warehouse_is_corrected(bot: Bot) -> None:
    close(bot, put(bot), "a")
    person(bot, "PUT", "/issue/FBO-1", {"update": {"components": [{"add": {"name": "Документы"}}]}})
    person(bot, "PUT", "/issue/FBO-1", {"fields": {"customfield_10053": "Казань"}})
    assert components(bot, "FBO-1") == ["FF:Казань", "Документы"]


def test_a_move_is_no_persons_word_on_components(bot: Bot) -> None:
    close(bot, put(bot), "a")
    bot.sandbox.call("POST", "/sandbox/jira/move", {"issue": "FBO-1", "project": "QC"})
    bot.work()
    assert comments(bot, "QC-1") == []
    assert not [row for row in bot.sandbox.chat("admins") if "KeyError" in str(row)]


def test_a_try_that_broke_off_is_finished_by_the_next_one(bot: Bot) -> None:
    """The ticket's links have changed by then: the way that was begun is gone to its end all the same."""
    number = ticket()["id"]
    put(bot, id=number)
    key = make(bot, customfield_10050=number)["key"]
    close(bot, reopened(bot, number), "hold", hold="ozon", create_jira=False, actions_done="Спросили в чате")
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue/*", status=500, times=1)
    event = closing(reopened(bot, number), id="b")
    bot.crm(event)
    bot.work()
    assert bot.delivery("b").state == "waiting"
    bot.hurry()
    bot.work()
    assert bot.delivery("b").state == "done"
    ended = {verb for _, verb, outcome in bot.steps("b") if outcome in ("done", "unchanged")}
    assert {"create_issue", "return_to_queue", "say_to_third_line", "close_ticket"} <= ended
    assert standing(bot, number) == (key, "Закрыт")


def test_a_key_that_is_replaced_is_so_after_a_try_that_broke_off(bot: Bot) -> None:
    made = hold_then_escalate(bot, type="Финансы", subtype="Сверка")
    bot.sandbox.fault(system="webcrm", match=f"PATCH /webcrm/tickets/{made['id']}", status=500, times=1)
    again = reopened(bot, made["id"], type=FBO, subtype="Прибытие водителя на склад")
    event = closing(again, id="b")
    bot.crm(event)
    bot.work()
    bot.hurry()
    bot.work()
    assert standing(bot, made["id"]) == ("FBO-1", "Закрыт")
    assert not [note for note in notes(bot, event) if "указана задача" in note]
