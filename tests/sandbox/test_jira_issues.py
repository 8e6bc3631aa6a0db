"""Issues: made, read, changed, assigned, deleted; and what Jira refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.live import LiveSandbox

from .conftest import CUSTOMER, OPERATOR, Jira, doc

ISSUE = "/rest/api/3/issue"


def test_an_issue_is_made_in_one_call(jira: Jira) -> None:
    fields = {
        "project": {"key": "FBO"},
        "issuetype": {"name": "Обращение партнёра"},
        "summary": "Не приняли машину",
        "description": doc("Водитель ждёт с утра"),
        "components": [{"name": "FF:Склад"}],
        "labels": ["webcrm-1"],
        "priority": {"name": "Высокий"},
        "assignee": {"id": OPERATOR},
        "customfield_10050": "1",
        "customfield_10010": "102",
        "reporter": {"id": CUSTOMER},
    }
    mark = {"key": "smezhnik", "value": {"purpose": "escalation"}}
    made = jira.take("POST", ISSUE, {"fields": fields, "properties": [mark]})
    assert made["key"] == "FBO-1"
    shown = jira.take("GET", f"{ISSUE}/{made['id']}?properties=smezhnik")
    got = shown["fields"]
    assert (got["summary"], got["status"]["name"], got["labels"]) == ("Не приняли машину", "Открыт", ["webcrm-1"])
    assert [one["name"] for one in got["components"]] == ["FF:Склад"]
    assert (got["priority"]["name"], got["assignee"]["accountId"]) == ("Высокий", OPERATOR)
    assert (got["customfield_10050"], got["reporter"]["accountId"]) == ("1", CUSTOMER)
    assert got["customfield_10010"]["requestType"]["id"] == "102"
    assert got["description"] == fields["description"]
    assert shown["properties"] == {"smezhnik": {"purpose": "escalation"}}


def test_fields_properties_and_expand_choose_what_is_shown(jira: Jira) -> None:
    key = jira.create()["key"]
    jira.take("PUT", f"{ISSUE}/{key}/properties/a", {"n": 1})
    assert set(jira.take("GET", f"{ISSUE}/{key}?fields=summary,status")["fields"]) == {"summary", "status"}
    assert "summary" not in jira.take("GET", f"{ISSUE}/{key}?fields=-summary")["fields"]
    assert jira.take("GET", f"{ISSUE}/{key}?properties=*all")["properties"] == {"a": {"n": 1}}
    shown = jira.take("GET", f"{ISSUE}/{key}?expand=transitions,names")
    assert shown["transitions"]
    assert "summary" in shown["names"]


UNKNOWN = "It is not on the appropriate screen, or unknown"
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"summary": ""}, "summary", "must specify a summary"),
    ({"summary": None}, "summary", "must specify a summary"),
    ({"summary": 5}, "summary", "must be a string"),
    ({"summary": "x" * 256}, "summary", "255"),
    ({"summary": "раз\nдва"}, "summary", "newline"),
    ({"components": [{"name": "FF:Луна"}]}, "components", "'FF:Луна' is not valid"),
    ({"components": [{"id": "1"}]}, "components", "'1' is not valid"),
    ({"components": "FF:Склад"}, "components", "array"),
    ({"components": ["FF:Склад"]}, "components", "'id' or 'name'"),
    ({"labels": ["a b"]}, "labels", "contains spaces"),
    ({"labels": ["x" * 256]}, "labels", "255"),
    ({"labels": "a"}, "labels", "array"),
    ({"labels": [1]}, "labels", "string"),
    ({"description": "просто текст"}, "description", "Atlassian Document"),
    (
        {"description": {"type": "doc", "version": 1, "content": [{"type": "text", "text": "x"}]}},
        "description",
        "Atlas",
    ),
    ({"description": doc("x" * 32_768)}, "description", "32,767"),
    ({"assignee": {"id": "712020:nobody"}}, "assignee", "does not exist"),
    ({"assignee": {"id": CUSTOMER}}, "assignee", "cannot be assigned"),
    ({"reporter": {"id": "712020:nobody"}}, "reporter", "does not exist"),
    ({"reporter": None}, "reporter", "required"),
    ({"priority": {"name": "Наивысший"}}, "priority", "invalid"),
    ({"customfield_10050": 5}, "customfield_10050", "string"),
    ({"customfield_10050": "x" * 256}, "customfield_10050", "255"),
    ({"customfield_10099": "x"}, "customfield_10099", UNKNOWN),
    ({"customfield_10010": "101"}, "customfield_10010", "not valid"),
    ({"resolution": {"name": "Готово"}}, "resolution", UNKNOWN),
    ({"issuetype": {"name": "Эпик"}}, "issuetype", "valid issue type"),
    ({"project": {"key": "NOPE"}}, "project", "valid project"),
]


@pytest.mark.parametrize(("fields", "field", "words"), REFUSED)
def test_what_jira_refuses_when_an_issue_is_made(
    live: LiveSandbox, jira: Jira, fields: dict[str, Any], field: str, words: str
) -> None:
    given = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "Проверка"}
    answer = jira("POST", ISSUE, {"fields": given | fields})
    assert answer.status_code == 400
    assert answer.json()["errorMessages"] == []
    assert words in answer.json()["errors"][field]
    assert live.issues() == []


def test_every_fault_is_told_at_once(jira: Jira) -> None:
    given = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "", "labels": ["a b"]}
    assert set(jira("POST", ISSUE, {"fields": given}).json()["errors"]) == {"summary", "labels"}


def test_a_body_that_is_no_json_object_is_refused(jira: Jira) -> None:
    wrong: tuple[Any, ...] = ([], "text")
    for body in wrong:
        assert "parsing JSON" in jira("POST", ISSUE, body).json()["errorMessages"][0]
    assert jira("POST", ISSUE, {"fields": []}).status_code == 400
    assert jira("POST", ISSUE, {"fields": 5}).status_code == 400
    assert jira("POST", ISSUE, {"fields": {}, "properties": {}}).status_code == 400


def test_lists_change_by_operations(jira: Jira) -> None:
    key = jira.create(components=[{"name": "FF:Склад"}], labels=["one"])["key"]
    update: dict[str, Any] = {
        "components": [{"add": {"name": "FF:Казань"}}, {"remove": {"name": "FF:Склад"}}],
        "labels": [{"add": "two"}, {"add": "two"}, {"remove": "absent"}],
        "summary": [{"set": "Иначе"}],
    }
    assert jira("PUT", f"{ISSUE}/{key}", {"update": update}).status_code == 204
    fields = jira.fields(key)
    assert [one["name"] for one in fields["components"]] == ["FF:Казань"]
    assert (fields["labels"], fields["summary"]) == (["one", "two"], "Иначе")
    assert jira("PUT", f"{ISSUE}/{key}", {"update": {"labels": [{"set": []}]}}).status_code == 204
    assert jira.fields(key)["labels"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": {"labels": []}, "update": {"labels": [{"add": "a"}]}}, "labels"),
        ({"update": {"summary": [{"add": "a"}]}}, "summary"),
        ({"update": {"labels": [{"add": "a b"}]}}, "labels"),
        ({"update": {"labels": {"add": "a"}}}, "labels"),
        ({"update": {"components": [{"add": {"name": "FF:Луна"}}]}}, "components"),
        ({"fields": {"nonsense": 1}}, "nonsense"),
    ],
)
def test_a_wrong_edit_changes_nothing(jira: Jira, body: dict[str, Any], field: str) -> None:
    key = jira.create(labels=["one"])["key"]
    before = jira.fields(key)
    answer = jira("PUT", f"{ISSUE}/{key}", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert jira.fields(key) == before


def test_an_edit_can_give_the_issue_back_and_set_properties(jira: Jira) -> None:
    key = jira.create()["key"]
    body = {"fields": {"summary": "Иначе"}, "properties": [{"key": "a", "value": 1}]}
    assert jira.take("PUT", f"{ISSUE}/{key}?returnIssue=true", body)["fields"]["summary"] == "Иначе"
    assert jira.take("GET", f"{ISSUE}/{key}/properties/a")["value"] == 1


def test_an_issue_is_assigned_and_let_go(jira: Jira) -> None:
    key = jira.create()["key"]
    assert jira("PUT", f"{ISSUE}/{key}/assignee", {"accountId": OPERATOR}).status_code == 204
    assert jira.fields(key)["assignee"]["accountId"] == OPERATOR
    for nobody in ("-1", None):
        assert jira("PUT", f"{ISSUE}/{key}/assignee", {"accountId": nobody}).status_code == 204
        assert jira.fields(key)["assignee"] is None
    for body in ({"accountId": "712020:nobody"}, {}):
        assert jira("PUT", f"{ISSUE}/{key}/assignee", body).status_code == 400


def test_a_deleted_issue_is_gone_with_its_links(jira: Jira) -> None:
    key, other = jira.create()["key"], jira.create()["key"]
    jira.take(
        "POST",
        "/rest/api/3/issueLink",
        {"type": {"name": "Relates"}, "inwardIssue": {"key": key}, "outwardIssue": {"key": other}},
    )
    assert jira("DELETE", f"{ISSUE}/{key}").status_code == 204
    assert jira("GET", f"{ISSUE}/{key}").status_code == 404
    assert jira.fields(other)["issuelinks"] == []
    assert jira.found("project = FBO") == [other]


WITHOUT: list[tuple[str, tuple[str, str, Any], int]] = [
    ("CREATE_ISSUES", ("POST", "", {"fields": {"project": {"key": "FBO"}}}), 403),
    ("EDIT_ISSUES", ("PUT", "/FBO-1", {"fields": {"summary": "x"}}), 403),
    ("ASSIGN_ISSUES", ("PUT", "/FBO-1/assignee", {"accountId": OPERATOR}), 403),
    ("DELETE_ISSUES", ("DELETE", "/FBO-1", None), 403),
    ("BROWSE_PROJECTS", ("GET", "/FBO-1", None), 404),
    ("ADD_COMMENTS", ("POST", "/FBO-1/comment", {"body": doc("x")}), 400),
    ("LINK_ISSUES", ("POST", "/FBO-1/remotelink", {"object": {"url": "https://x.test", "title": "x"}}), 403),
    ("EDIT_ISSUES", ("PUT", "/FBO-1/properties/a", 1), 403),
]


@pytest.mark.parametrize(("right", "call", "status"), WITHOUT)
def test_without_the_right_nothing_is_done(
    live: LiveSandbox, jira: Jira, right: str, call: tuple[str, str, Any], status: int
) -> None:
    jira.create()
    live.permissions(**{right: False})
    method, path, body = call
    assert jira(method, ISSUE + path, body).status_code == status


def test_a_moved_issue_is_found_by_its_old_key(live: LiveSandbox, jira: Jira) -> None:
    made = jira.create(components=[{"name": "FF:Склад"}], customfield_10010="102")
    moved = live.call("POST", "/sandbox/jira/move", {"issue": made["key"], "project": "QC"})
    assert moved == {"id": made["id"], "key": "QC-1"}
    for address in (made["key"], "QC-1", made["id"]):
        assert jira.take("GET", f"{ISSUE}/{address}")["key"] == "QC-1"
    fields = jira.fields("QC-1")
    assert (fields["project"]["key"], fields["components"]) == ("QC", [])
    assert fields["customfield_10010"]["requestType"]["id"] == "104"
    assert jira.found("project = QC") == jira.found(f"key = {made['key']}") == ["QC-1"]
