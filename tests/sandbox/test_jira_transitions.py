"""Transitions: open ones alone, fields and comments where there is a screen."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.live import LiveSandbox

from .conftest import Jira, doc

START, PROCESS, SELLER, DONE, REOPEN = "11", "21", "31", "41", "51"


def go(jira: Jira, key: str, transition: str, **more: Any) -> int:
    """Make a transition; the status of the answer."""
    return jira("POST", f"/rest/api/3/issue/{key}/transitions", {"transition": {"id": transition}, **more}).status_code


def test_the_way_of_an_issue(jira: Jira) -> None:
    key = jira.create()["key"]
    for transition, status in [
        (START, "В работе"),
        (PROCESS, "Ожидает обработки"),
        (SELLER, "Ожидает ответа продавца"),
        (DONE, "Готово"),
        (REOPEN, "Открыт"),
    ]:
        assert go(jira, key, transition) == 204
        assert jira.status(key) == status


def test_from_done_only_reopening_is_open(jira: Jira) -> None:
    key = jira.create()["key"]
    assert go(jira, key, DONE) == 204
    assert jira.fields(key)["resolution"]["name"] == "Готово"
    shown = jira.take("GET", f"/rest/api/3/issue/{key}/transitions")["transitions"]
    assert [(one["name"], one["to"]["name"]) for one in shown] == [("Открыть заново", "Открыт")]
    assert go(jira, key, DONE) == 400
    assert go(jira, key, REOPEN) == 204
    assert jira.fields(key)["resolution"] is None


def test_screens_are_told(jira: Jira) -> None:
    key = jira.create()["key"]
    shown = jira.take("GET", f"/rest/api/3/issue/{key}/transitions?expand=transitions.fields")["transitions"]
    screens = {one["name"]: (one["hasScreen"], set(one["fields"])) for one in shown}
    assert screens["В работу"] == (False, set())
    assert screens["Готово"] == (True, {"resolution", "comment"})
    assert [
        one["id"] for one in jira.take("GET", f"/rest/api/3/issue/{key}/transitions?transitionId=41")["transitions"]
    ] == [DONE]


def test_a_screen_takes_its_fields_and_a_comment_that_is_always_public(live: LiveSandbox, jira: Jira) -> None:
    key = jira.create()["key"]
    hidden = [{"key": "sd.public.comment", "value": {"internal": True}}]
    update = {"comment": [{"add": {"body": doc("Сделано"), "properties": hidden}}]}
    assert go(jira, key, DONE, fields={"resolution": {"name": "Дубликат"}}, update=update) == 204
    assert jira.fields(key)["resolution"]["name"] == "Дубликат"
    assert [one["jsdPublic"] for one in live.issue(key)["fields"]["comment"]["comments"]] == [True]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"transition": {"id": "999"}},
        {"transition": {"id": REOPEN}},
        {"transition": {"id": START}, "fields": {"resolution": {"name": "Готово"}}},
        {"transition": {"id": START}, "update": {"comment": [{"add": {"body": doc("x")}}]}},
        {"transition": {"id": DONE}, "fields": {"summary": "x"}},
        {"transition": {"id": DONE}, "fields": {"resolution": {"name": "Нет такой"}}},
        {"transition": {"id": DONE}, "update": {"comment": [{"add": {"body": "текст"}}]}},
        {"transition": {"id": DONE}, "update": {"comment": [{"edit": {}}]}},
    ],
)
def test_a_wrong_transition_changes_nothing(jira: Jira, body: dict[str, Any]) -> None:
    key = jira.create()["key"]
    answer = jira("POST", f"/rest/api/3/issue/{key}/transitions", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"errorMessages", "errors"}
    assert jira.status(key) == "Открыт"


def test_without_the_right_no_transition_is_open(live: LiveSandbox, jira: Jira) -> None:
    key = jira.create()["key"]
    live.permissions(TRANSITION_ISSUES=False)
    assert jira.take("GET", f"/rest/api/3/issue/{key}/transitions")["transitions"] == []
    assert go(jira, key, START) == 400
