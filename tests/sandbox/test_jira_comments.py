"""Comments: internal and public ones, their marks, who may change them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.live import LiveSandbox

from .conftest import OPERATOR, SECOND, Jira, doc

INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}


def write(jira: Any, key: str, text: str, *properties: dict[str, Any]) -> dict[str, Any]:
    """Write a comment."""
    body = {"body": doc(text), "properties": list(properties)}
    written: dict[str, Any] = jira.take("POST", f"/rest/api/3/issue/{key}/comment", body)
    return written


def test_comments_are_public_unless_marked(jira: Jira) -> None:
    key = jira.create()["key"]
    assert write(jira, key, "всем")["jsdPublic"] is True
    hidden = write(jira, key, "своим", INTERNAL)
    assert hidden["jsdPublic"] is False
    path = f"/rest/api/3/comment/{hidden['id']}/properties/sd.public.comment"
    assert jira("PUT", path, {"internal": False}).status_code == 200
    assert jira.take("GET", f"/rest/api/3/issue/{key}/comment/{hidden['id']}")["jsdPublic"] is True


def test_comments_come_in_order_and_pages(jira: Jira) -> None:
    key = jira.create()["key"]
    ids = [write(jira, key, str(number))["id"] for number in range(3)]
    path = f"/rest/api/3/issue/{key}/comment"
    assert [one["id"] for one in jira.take("GET", path)["comments"]] == ids
    newest = jira.take("GET", f"{path}?orderBy=-created&maxResults=1")
    assert ([one["id"] for one in newest["comments"]], newest["total"]) == ([ids[2]], 3)


def test_marks_are_found_by_list_alone(jira: Jira) -> None:
    key = jira.create()["key"]
    mark = {"key": "smezhnik", "value": {"delivery": "d1", "verb": "note"}}
    written = write(jira, key, "с меткой", mark, INTERNAL)
    path = "/rest/api/3/comment/list"
    body = {"ids": [int(written["id"]), 1]}
    listed = jira.take("POST", f"{path}?expand=properties", body)["values"]
    assert [one["properties"] for one in listed] == [[mark, INTERNAL]]
    assert "properties" not in jira.take("POST", path, body)["values"][0]
    assert "properties" not in jira.take("GET", f"/rest/api/3/issue/{key}/comment?expand=properties")["comments"][0]
    assert jira("POST", path, {"ids": []}).status_code == 400


def test_a_comment_is_edited_and_deleted(jira: Jira) -> None:
    key = jira.create()["key"]
    path = f"/rest/api/3/issue/{key}/comment/{write(jira, key, 'раз')['id']}"
    assert jira.take("PUT", path, {"body": doc("два")})["body"] == doc("два")
    assert jira("DELETE", path).status_code == 204
    assert jira("GET", path).status_code == 404


def test_people_change_their_own_comments_alone(jira: Jira) -> None:
    key = jira.create()["key"]
    path = f"/rest/api/3/issue/{key}/comment/{write(jira.acting_as(OPERATOR), key, 'моё')['id']}"
    assert jira.acting_as(SECOND)("PUT", path, {"body": doc("чужое")}).status_code == 400
    assert jira.acting_as(SECOND)("DELETE", path).status_code == 400
    edited = jira.acting_as(OPERATOR).take("PUT", path, {"body": doc("снова моё")})
    assert edited["updateAuthor"]["accountId"] == OPERATOR


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": "текст"},
        {"body": {"type": "doc", "version": 1, "content": []}},
        {"body": doc("x" * 32_768)},
        {"body": doc("x"), "properties": {"key": "a"}},
        {"body": doc("x"), "properties": [{"key": "x" * 256, "value": 1}]},
        {"body": doc("x"), "properties": [{"key": "a", "value": "x" * 32_768}]},
    ],
)
def test_a_wrong_comment_is_refused(live: LiveSandbox, jira: Jira, body: dict[str, Any]) -> None:
    key = jira.create()["key"]
    assert jira("POST", f"/rest/api/3/issue/{key}/comment", body).status_code == 400
    assert live.issue(key)["fields"]["comment"]["comments"] == []
    assert jira("POST", "/rest/api/3/issue/NOPE-1/comment", {"body": doc("x")}).status_code == 404
