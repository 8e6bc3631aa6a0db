"""Sub-tasks: part of an issue of their project, and shown by it."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Jira

SUBTASK = {"name": "Подзадача"}


def test_a_sub_task_and_its_issue_show_each_other(jira: Jira) -> None:
    parent = jira.create()["key"]
    child = jira.create(issuetype=SUBTASK, parent={"key": parent}, summary="Часть")["key"]
    shown = jira.fields(child)
    assert (shown["parent"]["key"], shown["issuetype"]["subtask"]) == (parent, True)
    assert [one["fields"]["summary"] for one in jira.fields(parent)["subtasks"]] == ["Часть"]
    assert "parent" not in jira.fields(parent)
    number = shown["issuetype"]["id"]
    screen = jira.take("GET", f"/rest/api/3/issue/createmeta/FBO/issuetypes/{number}")["fields"]
    assert {row["fieldId"]: row["required"] for row in screen}["parent"] is True


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"issuetype": SUBTASK}, "issuetype"),
        ({"issuetype": SUBTASK, "parent": {"key": "NOPE-1"}}, "parent"),
        ({"issuetype": SUBTASK, "parent": {"key": "QC"}}, "parent"),
        ({"parent": {"key": "FBO"}}, "parent"),
    ],
)
def test_a_wrong_parent_is_refused(jira: Jira, more: dict[str, Any], field: str) -> None:
    issues = {key: jira.create(key)["key"] for key in ("FBO", "QC")}
    if (named := more.get("parent")) is not None:
        more = {**more, "parent": {"key": issues.get(named["key"], named["key"])}}
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "Часть", **more}
    answer = jira("POST", "/rest/api/3/issue", {"fields": fields})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
