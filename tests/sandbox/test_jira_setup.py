"""What admins and time change in Jira: components, statuses, screens, ways, people, and the language of names."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.jira_fields import NOT_ON_SCREEN
from sandbox.live import LiveSandbox

from .conftest import CUSTOMER, OPERATOR, SECOND, Bot, Jira

ENGLISH = "712020:e9e00000-5c18-4b7a-9d02-8a6f3e1be005"
COMPONENT = "/rest/api/3/component"


def component(jira: Jira, name: str) -> str:
    """The id of a component of FBO."""
    found = jira.take("GET", "/rest/api/3/project/FBO/components")
    return str(next(one["id"] for one in found if one["name"] == name))


def errors(jira: Jira, **fields: Any) -> dict[str, str]:
    """What Jira says of each field that it does not take."""
    given = {"project": {"key": "FBO"}, "issuetype": {"name": "Обращение партнёра"}, "summary": "Проверка"}
    answer = jira("POST", "/rest/api/3/issue", {"fields": given | fields})
    assert answer.status_code == 400
    said: dict[str, str] = answer.json()["errors"]
    return said


def test_a_deleted_component_leaves_its_issues_and_comes_back_as_another(jira: Jira) -> None:
    old = component(jira, "FF:Хоругвино")
    key = jira.create(components=[{"id": old}])["key"]
    assert jira("DELETE", f"{COMPONENT}/{old}").status_code == 204
    assert jira.fields(key)["components"] == []
    made = jira.take("POST", COMPONENT, {"name": "FF:Хоругвино", "project": "FBO"})
    assert made["id"] != old
    assert errors(jira, components=[{"id": old}]) == {"components": f"Component id '{old}' is not valid"}
    assert jira("DELETE", f"{COMPONENT}/{old}").status_code == 404


def test_the_issues_of_a_deleted_component_may_get_another(jira: Jira) -> None:
    old, new = component(jira, "FF:Хоругвино"), component(jira, "FF:Казань")
    key = jira.create(components=[{"id": old}])["key"]
    assert jira("DELETE", f"{COMPONENT}/{old}?moveIssuesTo={new}").status_code == 204
    assert [one["name"] for one in jira.fields(key)["components"]] == ["FF:Казань"]


def test_a_renamed_component_keeps_its_id(jira: Jira) -> None:
    number = component(jira, "FF:Хоругвино")
    key = jira.create(components=[{"id": number}])["key"]
    assert jira.take("PUT", f"{COMPONENT}/{number}", {"name": "FF: Хоругвино РФЦ"})["id"] == number
    assert [one["name"] for one in jira.fields(key)["components"]] == ["FF: Хоругвино РФЦ"]
    assert jira("PUT", f"{COMPONENT}/{number}", {"name": "ff:казань"}).status_code == 400
    refused = jira.acting_as(OPERATOR)("PUT", f"{COMPONENT}/{number}", {"name": "Моя"})
    assert refused.status_code == 403


def test_the_lists_of_a_site_and_a_renamed_status(live: LiveSandbox, jira: Jira) -> None:
    assert {one["name"] for one in jira.take("GET", "/rest/api/3/priority")} == {"Высокий", "Обычный", "Низкий"}
    kinds = jira.take("GET", "/rest/api/3/issueLinkType")["issueLinkTypes"]
    assert {one["name"] for one in kinds} == {"Relates", "Blocks", "Duplicate"}
    statuses = {one["id"]: one for one in jira.take("GET", "/rest/api/3/status")}
    assert statuses["10005"]["statusCategory"]["key"] == "done"
    renamed = {"statuses": [{"id": "10001", "name": "Новая", "statusCategory": "TODO"}]}
    assert jira("PUT", "/rest/api/3/statuses", renamed).status_code == 204
    key = jira.create()["key"]
    assert jira.status(key) == "Новая"
    live.reset()
    assert jira.status(jira.create()["key"]) == "Открыт"


def test_names_are_said_in_the_language_of_the_caller(jira: Jira, bot: Bot) -> None:
    key = jira.create()["key"]
    bot.next()
    english = jira.acting_as(ENGLISH)
    assert (english.take("GET", f"/rest/api/3/issue/{key}")["fields"]["status"]["name"], jira.status(key)) == (
        "Open",
        "Открыт",
    )
    assert english("POST", f"/rest/api/3/issue/{key}/transitions", {"transition": {"id": "41"}}).status_code == 204
    (change,) = [one for one in bot.next().event["changelog"]["items"] if one["fieldId"] == "status"]
    assert (change["fromString"], change["toString"], change["to"]) == ("Open", "Done", "10005")
    forced = {"X-Force-Accept-Language": "true", "Accept-Language": "en-GB"}
    assert jira.take("GET", f"/rest/api/3/issue/{key}", **forced)["fields"]["status"]["name"] == "Done"
    assert jira.take("GET", f"/rest/api/3/issue/{key}", Accept_Language="en")["fields"]["status"]["name"] == "Готово"


def test_a_way_may_ask_for_a_field_or_be_closed(live: LiveSandbox, jira: Jira) -> None:
    asks = {"id": "12", "name": "С причиной", "to": "10002", "sources": ["10001"], "screen": ["summary", "assignee"]}
    live.call("POST", "/sandbox/jira/transitions", {**asks, "required": ["assignee"], "conditional": True})
    closed = {"id": "13", "name": "Закрыто", "to": "10002", "sources": ["10001"], "available": False}
    live.call("POST", "/sandbox/jira/transitions", closed)
    path = f"/rest/api/3/issue/{jira.create()['key']}/transitions"
    shown = {one["id"]: one for one in jira.take("GET", f"{path}?expand=transitions.fields")["transitions"]}
    assert "13" not in shown
    flags = ("hasScreen", "isConditional", "isAvailable")
    assert [shown["12"][name] for name in flags] == [True, True, True]
    assert {name: field["required"] for name, field in shown["12"]["fields"].items()} == {
        "summary": False,
        "assignee": True,
    }
    every = jira.take("GET", f"{path}?includeUnavailableTransitions=true")["transitions"]
    assert [one["isAvailable"] for one in every if one["id"] == "13"] == [False]
    refused = jira("POST", path, {"transition": {"id": "12"}})
    assert (refused.status_code, refused.json()["errors"]) == (400, {"assignee": "Assignee is required."})
    with_it = {"transition": {"id": "12"}, "fields": {"assignee": {"accountId": OPERATOR}}}
    assert jira("POST", path, with_it).status_code == 204


def test_people_leave_and_fields_go_from_the_screens(live: LiveSandbox, jira: Jira) -> None:
    live.call("POST", "/sandbox/jira/people", {SECOND: False})
    live.call("POST", "/sandbox/jira/screen", {"customfield_10053": False})
    assert live.call("GET", "/sandbox/jira/screen")["customfield_10053"] is False
    said = errors(
        jira,
        assignee={"id": SECOND},
        reporter={"id": "qm:nobody"},
        priority={"name": "Срочный"},
        customfield_10053="Казань",
    )
    assert said == {
        "assignee": f"User '{SECOND}' cannot be assigned issues.",
        "reporter": "User 'qm:nobody' does not exist.",
        "priority": "The priority selected is invalid.",
        "customfield_10053": NOT_ON_SCREEN.format("customfield_10053"),
    }
    assert errors(jira, assignee={"id": CUSTOMER})["assignee"] == f"User '{CUSTOMER}' cannot be assigned issues."
    live.reset()
    assert jira.create(assignee={"id": SECOND}, customfield_10053="Казань")["key"]


@pytest.mark.parametrize("door", ["screen", "people"])
def test_doors_know_what_there_is(live: LiveSandbox, door: str) -> None:
    with pytest.raises(Exception, match="400"):
        live.call("POST", f"/sandbox/jira/{door}", {"nobody": False})
