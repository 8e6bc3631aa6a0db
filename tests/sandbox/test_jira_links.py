"""Links between issues, and from an issue to the ticket."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Jira, doc

LINK = "/rest/api/3/issueLink"


def test_issues_are_linked_once(jira: Jira) -> None:
    source, destination = jira.create()["key"], jira.create("QC")["key"]
    body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": source}, "outwardIssue": {"key": destination}}
    for _ in range(2):
        answer = jira("POST", LINK, body)
        assert (answer.status_code, answer.content) == (201, b"")
    (seen,) = jira.fields(source)["issuelinks"]
    assert (seen["type"]["outward"], seen["outwardIssue"]["key"]) == ("blocks", destination)
    (other,) = jira.fields(destination)["issuelinks"]
    assert other["inwardIssue"]["key"] == source
    assert jira("DELETE", f"{LINK}/{seen['id']}").status_code == 204
    assert jira.fields(destination)["issuelinks"] == []
    assert jira("DELETE", f"{LINK}/{seen['id']}").status_code == 404


def test_a_link_carries_a_comment(jira: Jira) -> None:
    source, destination = jira.create()["key"], jira.create()["key"]
    ends = {"inwardIssue": {"key": source}, "outwardIssue": {"key": destination}}
    assert jira("POST", LINK, {"type": {"id": "10301"}, **ends, "comment": {"body": doc("см.")}}).status_code == 201
    assert jira.fields(source)["comment"]["total"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": {"name": "Нет такой"}}, 404),
        ({"outwardIssue": {"key": "FBO-99"}}, 404),
        ({"outwardIssue": {"key": "FBO-1"}}, 400),
        ({"comment": {"body": "текст"}}, 400),
    ],
)
def test_a_wrong_link_is_refused(jira: Jira, body: dict[str, Any], status: int) -> None:
    jira.create(), jira.create()
    good = {"type": {"name": "Relates"}, "inwardIssue": {"key": "FBO-1"}, "outwardIssue": {"key": "FBO-2"}}
    assert jira("POST", LINK, good | body).status_code == status
    assert jira.fields("FBO-1")["issuelinks"] == []


def test_a_remote_link_is_one_by_its_global_id(jira: Jira) -> None:
    path = f"/rest/api/3/issue/{jira.create()['key']}/remotelink"
    body = {"globalId": "webcrm=1", "object": {"url": "https://webcrm.example/1", "title": "Обращение 1"}}
    first = jira("POST", path, body)
    second = jira("POST", path, {**body, "object": {**body["object"], "title": "Обращение № 1"}})  # type: ignore[dict-item]
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    (seen,) = jira.take("GET", path)
    assert (seen["globalId"], seen["object"]["title"]) == ("webcrm=1", "Обращение № 1")
    assert jira.take("GET", f"{path}?globalId=webcrm%3D1")["id"] == seen["id"]
    assert jira("GET", f"{path}?globalId=other").status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"object": {"title": "x"}}, {"globalId": "x" * 256, "object": {"url": "https://x.test", "title": "x"}}],
)
def test_a_wrong_remote_link_is_refused(jira: Jira, body: dict[str, Any]) -> None:
    path = f"/rest/api/3/issue/{jira.create()['key']}/remotelink"
    assert jira("POST", path, body).status_code == 400
    assert jira.take("GET", path) == []
