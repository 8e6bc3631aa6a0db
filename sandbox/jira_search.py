"""Jira's search: bounded JQL, ids alone unless fields are asked for, pages by token, behind the writes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jql
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_issues import asked_properties, issue_shape, listed
from sandbox.jira_request import body_object, may
from sandbox.jira_state import SandboxIssue
from sandbox.versions import PREFIX

MOST_RESULTS = 5000
MOST_RECONCILED = 50
MOST_PROPERTIES = 5

routes = Blueprint("jira_search", __name__, url_prefix=PREFIX)


@routes.post("/search/jql")
def search() -> ResponseReturnValue:
    """Search by a body."""
    return jsonify(results(body_object()))


@routes.get("/search/jql")
def search_by_query() -> ResponseReturnValue:
    """Search by query parameters."""
    body: dict[str, Any] = {name: listed(name) for name in ("fields", "properties", "reconcileIssues")}
    body |= {name: request.args[name] for name in ("jql", "nextPageToken") if name in request.args}
    return jsonify(results(body | {"maxResults": request.args.get("maxResults", 50, int)}))


def results(body: dict[str, Any]) -> dict[str, Any]:
    """A page of what search sees; raise JiraError 400 for what Jira refuses."""
    query = jql.parse(bounded(body.get("jql")), here().jira)
    fields, properties = names(body, "fields"), names(body, "properties")
    reconciled = [str(one) for one in body.get("reconcileIssues") or ()]
    if len(properties) > MOST_PROPERTIES:
        raise JiraError(400, f"A maximum of {MOST_PROPERTIES} issue property keys can be specified.")
    if len(reconciled) > MOST_RECONCILED:
        raise JiraError(400, f"A maximum of {MOST_RECONCILED} issue IDs can be specified in reconcileIssues.")
    most = body.get("maxResults", 50)
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= MOST_RESULTS:
        raise JiraError(400, f"The maxResults parameter must be between 1 and {MOST_RESULTS}.")
    start = offset(body.get("nextPageToken"))
    seen = here().jira.index.seen(reconciled) if may("BROWSE_PROJECTS") else ()
    found = query.sorted([issue for issue in seen if query.matches(issue)])
    page = [found_shape(issue, fields, properties) for issue in found[start : start + most]]
    if start + most >= len(found):
        return {"issues": page, "isLast": True}
    return {"issues": page, "isLast": False, "nextPageToken": token(start + most)}


def bounded(text: Any) -> str:
    """The query's text; raise JiraError 400 for one that restricts nothing."""
    if not isinstance(text, str) or not text.strip() or text.strip().lower().startswith("order by"):
        raise JiraError(
            400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        )
    return text


def names(body: dict[str, Any], name: str) -> list[str]:
    """A list of names in the body; raise JiraError 400 for anything else."""
    given = body.get(name) or []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise JiraError(400, f"'{name}' must be a list of strings")
    return given


def found_shape(issue: SandboxIssue, fields: list[str], properties: list[str]) -> dict[str, Any]:
    """An issue among the results: its id alone, or what was asked for."""
    if not set(fields) - {"id"}:
        shown: dict[str, Any] = {"id": issue.id}
        return shown | ({"properties": asked_properties(issue, properties)} if properties else {})
    shown = issue_shape(issue, fields, properties)
    if not shown["fields"]:
        del shown["fields"]
    return shown


def token(start: int) -> str:
    """Where the next page begins, as nobody should read it."""
    return base64.urlsafe_b64encode(f"page:{start}".encode()).decode()


def offset(given: Any) -> int:
    """Where a page begins; raise JiraError 400 for a token that is none."""
    if not given:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(given)).decode().removeprefix("page:"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise JiraError(400, "The provided next page token is invalid or expired.") from None
