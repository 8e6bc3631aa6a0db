"""What Jira refuses before any route runs, and how it says so.

Measured on a Jira Cloud site in September 2026: an unknown route, a wrong method and a body that is no JSON are
answered in RFC 7807 (https://github.com/brekkylab/backlot/issues/315, /233 and /191).
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, json, request
from werkzeug.exceptions import HTTPException

from sandbox import jira_errors
from sandbox.jira_errors import JiraError
from sandbox.versions import OLDER, PREFIX

JSON = "application/json;charset=UTF-8"
PROBLEM = "application/problem+json;charset=UTF-8"
PLATFORM = (PREFIX, *OLDER.values())
INVALID = "Invalid request payload. Refer to the REST API documentation and try again."
DETAILS = {
    404: "No endpoint {method} {path}.",
    405: "Method '{method}' is not supported.",
    415: "Content-Type '{kind}' is not supported.",
}
COMPONENT = (
    "ari assignee assigneeType description id isAssigneeTypeValid lead leadAccountId leadUserName metadata name "
    "project projectId realAssignee realAssigneeType self"
)
USER = (
    "accountId accountType active appType applicationRoles avatarUrls displayName emailAddress expand groups guest key "
    "locale name self timeZone"
)
# The calls whose bodies may hold these properties alone, as the official document says.
BODIES = {
    "POST /search/jql": "expand fields fieldsByKeys includeArchivedProjects jql maxResults nextPageToken properties "
    "reconcileIssues",
    "POST /comment/list": "ids",
    "POST /component": COMPONENT,
    "PUT /component/{id}": COMPONENT,
    "PUT /issue/{id}/assignee": USER,
    "POST /issueLink": "comment inwardIssue outwardIssue type",
    "PUT /statuses": "statuses",
}
PATTERNS = [
    (re.compile(re.escape(call).replace(r"\{id\}", "[^/]+").replace(r"\ ", " ")), frozenset(names.split()))
    for call, names in BODIES.items()
]


def no_route(error: HTTPException) -> Response:
    """A route or a method that there is not; outside Jira as the web framework says it."""
    status = error.code or 404
    if request.path.startswith(PLATFORM):
        answer = problem(status, error.name)
    elif request.path.startswith("/rest/"):
        answer = jira_errors.answer(JiraError(status, f"null for uri: {request.url}"))
    else:
        return Response(error.get_body(), status=status, content_type="text/html; charset=utf-8")
    methods = getattr(error, "valid_methods", None)
    if methods:
        answer.headers["Allow"] = ", ".join(sorted(set(methods) - {"HEAD", "OPTIONS"}))
    return answer


def problem(status: int, title: str) -> Response:
    """An answer in RFC 7807."""
    said = {"method": request.method, "path": request.path, "kind": request.content_type or "null"}
    body = {"type": "about:blank", "title": title, "status": status, "detail": DETAILS[status].format(**said)}
    return Response(json.dumps({**body, "instance": request.path}), status=status, content_type=PROBLEM)


def refused_body() -> Response | None:
    """The refusal of a body that is no JSON, or holds what the document forbids; None for one that a route may read."""
    if request.method not in ("POST", "PUT") or not request.path.startswith(PLATFORM):
        return None
    form = request.path.endswith("/attachments")
    if request.mimetype != ("multipart/form-data" if form else "application/json"):
        return problem(415, "Unsupported Media Type")
    if form:
        return None
    body = request.get_json(force=True, silent=True)
    if isinstance(body, dict) and unknown_properties(body):
        return jira_errors.answer(JiraError(400, INVALID))
    return None


def unknown_properties(body: dict[str, Any]) -> set[str]:
    """The properties of a body that the document does not know for this call."""
    prefix = next(one for one in PLATFORM if request.path.startswith(one))
    call = f"{request.method} {request.path.removeprefix(prefix)}"
    return next((set(body) - names for pattern, names in PATTERNS if pattern.fullmatch(call)), set())


def as_jira_sends(response: Response) -> Response:
    """The headers of a real answer: JSON with its charset, nothing about a body that is not there."""
    if response.status_code != 204 and response.mimetype == "application/json":  # noqa: PLR2004 # HTTP's own number
        response.headers["Content-Type"] = JSON
    elif not response.get_data():
        response.headers.pop("Content-Type", None)
    return response
