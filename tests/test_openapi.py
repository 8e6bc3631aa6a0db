"""The checks against the documents find what is wrong, and say where."""

from __future__ import annotations

from typing import Any

import pytest

from tests import openapi

TICKETS = "/webcrm/tickets/1"


@pytest.fixture
def jira_documents() -> None:
    """Skip where Jira's documents are absent."""
    if not openapi.available("jira"):
        pytest.skip(f"Jira's documents are not there: {openapi.SHARED}")


@pytest.mark.usefixtures("jira_documents")
@pytest.mark.parametrize(
    ("method", "path", "body", "fault"),
    [
        ("POST", "/rest/api/3/issue", {"fields": []}, r"\$\.fields: "),
        ("POST", "/rest/api/3/issue", {"properties": [{"key": 1}]}, r"\$\.properties\[0\]\.key: "),
        ("POST", "/rest/api/3/issue", {"fields": {"description": {"type": "doc"}}}, r"\$\.fields\.description: "),
        ("POST", "/rest/api/3/issue/A-1/remotelink", {"object": {}}, r"\$\.object: .*required"),
        ("POST", "/rest/servicedeskapi/request/A-1/comment", {"body": 1}, r"\$\.body: "),
        ("DELETE", "/rest/api/3/issue/A-1", {}, "no body is documented"),
        ("GET", "/rest/api/3/nonsense", None, "not documented"),
        ("PATCH", "/rest/api/3/issue", {}, "not documented"),
    ],
)
def test_a_request_that_jira_does_not_document(method: str, path: str, body: Any, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        openapi.check_request("jira", method, path, body)


@pytest.mark.usefixtures("jira_documents")
@pytest.mark.parametrize(
    ("method", "path", "status", "body", "fault"),
    [
        ("GET", "/rest/api/3/myself", 200, {"accountId": 5}, r"\$\.accountId: "),
        ("GET", "/rest/api/3/myself", 200, {"nonsense": 5}, "nonsense"),
        ("GET", "/rest/api/3/myself", 418, {}, "not documented"),
        ("DELETE", "/rest/api/3/issue/A-1", 204, {"x": 1}, "no body is documented"),
        ("POST", "/rest/api/3/issue", 400, {"errors": []}, r"\$\.errors: "),
    ],
)  # fmt: skip
def test_an_answer_that_jira_does_not_document(method: str, path: str, status: int, body: Any, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        openapi.check_response("jira", method, path, status, body)


@pytest.mark.usefixtures("jira_documents")
def test_a_good_call_passes() -> None:
    mark = [{"key": "smezhnik", "value": {"verb": "note"}}]
    document = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "x"}]}],
    }
    openapi.check_request(
        "jira", "POST", "/rest/api/3/issue/A-1/comment?expand=x", {"body": document, "properties": mark}
    )
    openapi.check_response("jira", "GET", "/rest/api/3/issue/A-1", 404, {"errorMessages": ["x"], "errors": {}})
    openapi.check_request("jira", "POST", "/rest/webhooks/1.0/webhook", {"anything": 1})


def test_null_is_allowed_where_the_document_says_so() -> None:
    openapi.check_request("webcrm", "PATCH", TICKETS, {"jira_key": None})
    with pytest.raises(AssertionError, match=r"\$\.status: None"):
        openapi.check_request("webcrm", "PATCH", TICKETS, {"status": None})


def test_calls_of_a_sandbox_are_checked() -> None:
    call: dict[str, Any] = {
        "method": "POST",
        "path": f"{TICKETS}/messages",
        "body": {"visibility": "public", "text": "x"},
    }
    openapi.check_calls("webcrm", [call])
    with pytest.raises(AssertionError, match="visibility"):
        openapi.check_calls("webcrm", [{**call, "body": {"visibility": "x", "text": "x"}}])
