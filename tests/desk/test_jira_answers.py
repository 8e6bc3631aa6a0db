"""What the bot takes for done beside Jira's OpenAPI document: the same statuses, and every example is taken."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest

from desk.circuit_breaker import PROBE
from desk.jira import client, examination, portals, survey, webhooks
from desk.jira.answers import ANSWERS
from runtime import checkup_jira
from tests import openapi

# The path of each call, whose names are shorter than Jira's.
PATHS = {
    "GET /issue": "GET /issue/1",
    "PUT /issue": "PUT /issue/1",
    "GET /issue/transitions": "GET /issue/1/transitions",
    "POST /issue/transitions": "POST /issue/1/transitions",
    "GET /issue/comment": "GET /issue/1/comment",
    "POST /issue/comment": "POST /issue/1/comment",
    "DELETE /issue/comment": "DELETE /issue/1/comment/1",
    "POST /issue/attachments": "POST /issue/1/attachments",
    "POST /issue/remotelink": "POST /issue/1/remotelink",
    "PUT /issue/assignee": "PUT /issue/1/assignee",
    "GET /project/component": "GET /project/A/component",
    "GET /project": "GET /project/A",
    "GET /issue/createmeta/issuetypes": "GET /issue/createmeta/A/issuetypes/1",
    "GET /project/statuses": "GET /project/A/statuses",
}
DOCUMENTED = sorted(name for name in ANSWERS if not name.endswith(" /webhooks"))  # which are told of on a page alone
ONLY_ON_REQUEST = {("PUT /issue", 200)}  # with `returnIssue`, which the bot does not ask for


def operation(name: str) -> openapi.Operation:
    """Jira's own words on a call."""
    if not openapi.available("jira"):
        pytest.skip(f"Jira's documents are not there: {openapi.SHARED}")
    method, path = PATHS.get(name, name).split(" ")
    api = "servicedeskapi" if path.startswith("/servicedesk") else "api/3"
    return openapi.find("jira", method, f"/rest/{api}{path}")


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_statuses_are_those_that_jira_documents(name: str) -> None:
    documented = {int(status) for status in operation(name).spec["responses"] if int(status) < 300}
    assert {(name, status) for status in documented - set(ANSWERS[name].statuses)} <= ONLY_ON_REQUEST
    assert set(ANSWERS[name].statuses) <= documented


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_example_of_jiras_is_taken(name: str) -> None:
    body = ANSWERS[name].body
    examples = list(examples_of(operation(name), ANSWERS[name].statuses))
    assert (body is None) or examples
    for example in examples:
        if body is not None:
            assert body.validate_python(example)


def examples_of(found: openapi.Operation, statuses: tuple[int, ...]) -> list[Any]:
    """The bodies that the document shows for an answer."""
    contents = [
        openapi.resolve(found.document, found.spec["responses"][str(status)]).get("content", {}).get("application/json")
        for status in statuses
    ]
    return [json.loads(content["example"]) for content in contents if content and "example" in content]


def test_every_call_of_the_client_is_in_the_table() -> None:
    code = "".join(map(inspect.getsource, (client, examination, portals, survey, webhooks, checkup_jira)))
    assert set(re.findall(r'"((?:GET|POST|PUT|DELETE) /[\w/]+)"', code)) | {PROBE} == set(ANSWERS)
