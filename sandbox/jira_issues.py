"""Jira's routes about issues: make, read, change, assign, delete."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jira_events, jira_fields
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import Scope, Writing, every_field, writable
from sandbox.jira_properties import check_properties
from sandbox.jira_request import actor, body_object, issue_or_refuse, may, section, shape
from sandbox.jira_state import SandboxIssue
from sandbox.jira_transitions import open_transitions, transition_shape
from sandbox.versions import PREFIX
from sandbox.world import NEW_STATUS, IssueType, NamedRow, SandboxProject

routes = Blueprint("jira_issues", __name__, url_prefix=PREFIX)


@routes.post("/issue")
def create_issue() -> ResponseReturnValue:
    """Make an issue with its fields, components, labels and properties in one call."""
    body = body_object()
    fields = dict(section(body, "fields"))
    project, kind = place(fields.pop("project", None), fields.pop("issuetype", None))
    parent = parent_of(project, kind, fields.pop("parent", None))
    properties = check_properties(body.get("properties"))
    issue = make_issue(project, kind, fields, section(body, "update"), parent)
    issue.properties.update(properties)
    here().jira.index.note(issue)
    return jsonify(shape().stub(issue)), 201


def place(project: Any, kind: Any) -> tuple[SandboxProject, IssueType]:
    """The project and issue type that the fields name; raise JiraError with Jira's words."""
    world = here().jira.world
    wanted = project if isinstance(project, dict) else {}
    found = world.project(wanted.get("id", wanted.get("key", "")))
    if found is None:
        raise JiraError(400, errors={"project": "Specify a valid project ID or key"})
    if not may("CREATE_ISSUES"):
        raise JiraError(403, "You do not have permission to create issues in this project.")
    named = kind if isinstance(kind, dict) else {}
    row = next((r for r in world.issue_types if str(named.get("id")) == r.id or named.get("name") == r.name), None)
    if row is None:
        raise JiraError(400, errors={"issuetype": "Specify a valid issue type"})
    return found, row


def parent_of(project: SandboxProject, kind: IssueType, given: Any) -> str | None:
    """The id of the issue that a sub-task is part of; raise JiraError when there is none, or one of a plain issue."""
    if kind.subtask and given is None:
        raise JiraError(400, errors={"issuetype": "Issue type is a sub-task but parent issue key or id not specified."})
    if given is None:
        return None
    named = given if isinstance(given, dict) else {}
    found = here().jira.find(named.get("id", named.get("key", "")))
    if found is None or found.project != project or not kind.subtask:
        raise JiraError(400, errors={"parent": "Given parent issue does not belong to appropriate hierarchy."})
    return found.id


def make_issue(
    project: SandboxProject,
    kind: NamedRow,
    fields: dict[str, Any],
    update: dict[str, Any],
    parent: str | None = None,
) -> SandboxIssue:
    """Check the fields, put the new issue into the state and tell the webhooks."""
    state = here().jira
    defaults = {"priority": state.world.priorities[1].id, "reporter": actor().id}
    values = Writing(Scope(state, project), {}, writable(state)).values({"summary": None, **fields}, update)
    values = {name: None for name in every_field(state)} | {"components": (), "labels": ()} | defaults | values
    now, status = state.now(), project.first_status or state.world.statuses[NEW_STATUS].id
    key = state.next_key(project)
    issue = SandboxIssue(str(state.next_id()), key, project, kind.id, status, actor().id, now, now, now, {})
    issue.parent = parent
    items = jira_fields.apply(state, issue, values)
    state.issues[issue.id], state.keys[key] = issue, issue.id
    state.index.note(issue)
    first = jira_fields.change(state, "status", None, status)
    jira_events.issue_changed("jira:issue_created", issue, actor(), [*items, *first], "issue_created")
    return issue


@routes.get("/issue/<key>")
def get_issue(key: str) -> ResponseReturnValue:
    """An issue; `fields`, `properties` (names, `*all`) and `expand` (transitions, names) choose what is shown."""
    issue, expand = issue_or_refuse(key), request.args.get("expand", "").split(",")
    shown = issue_shape(issue, listed("fields") or ["*all"], listed("properties"))
    if "transitions" in expand:
        shown["transitions"] = [transition_shape(issue, one, False) for one in open_transitions(issue)]
    if "changelog" in expand:
        shown["changelog"] = shape().changelog(issue)
    if "names" in expand:
        shown["names"] = {name: name for name in shown["fields"]}
    return jsonify(shown)


def listed(name: str) -> list[str]:
    """A query parameter that may be repeated or comma-separated."""
    return [part.strip() for given in request.args.getlist(name) for part in given.split(",") if part.strip()]


def issue_shape(issue: SandboxIssue, fields: list[str], properties: list[str]) -> dict[str, Any]:
    """An issue with the asked fields and properties."""
    writers = shape().field_writers(issue)
    writers["comment"] = lambda: comment_page(issue)
    everything = {"*all", "*navigable"} & set(fields) or all(name.startswith("-") for name in fields)
    wanted = {name for name in writers if name in fields or (everything and f"-{name}" not in fields)}
    if "*all" not in fields and "comment" not in fields:
        wanted.discard("comment")
    shown = {"expand": "transitions,names", **shape().stub(issue)}
    shown["fields"] = {name: write() for name, write in writers.items() if name in wanted}
    if properties:
        shown["properties"] = asked_properties(issue, properties)
    return shown


def asked_properties(issue: SandboxIssue, names: list[str]) -> dict[str, Any]:
    """The asked properties that the issue has."""
    return {name: value for name, value in issue.properties.items() if "*all" in names or name in names}


def comment_page(issue: SandboxIssue) -> dict[str, Any]:
    """The field `comment`."""
    comments = [shape().comment(issue, comment) for comment in issue.comments]
    count = len(comments)
    return {"comments": comments, "self": shape().url(f"issue/{issue.id}/comment"), "maxResults": count,
            "total": count, "startAt": 0}  # fmt: skip


@routes.put("/issue/<key>")
def edit_issue(key: str) -> ResponseReturnValue:
    """Set fields, or change lists by `update` operations; a field may not be in both."""
    issue, body = issue_or_refuse(key), body_object()
    if not may("EDIT_ISSUES"):
        raise JiraError(403, "You do not have permission to edit this issue.")
    properties = check_properties(body.get("properties"))
    write_fields(issue, section(body, "fields"), section(body, "update"))
    if properties:
        issue.properties.update(properties)
        here().jira.index.note(issue)
    if request.args.get("returnIssue") == "true":
        return jsonify(issue_shape(issue, ["*all"], []))
    return "", 204


def write_fields(issue: SandboxIssue, fields: dict[str, Any], update: dict[str, Any]) -> None:
    """Check and write the fields; tell the webhooks when something really changed."""
    state = here().jira
    values = Writing(Scope(state, issue.project), issue.fields, writable(state)).values(fields, update)
    items = jira_fields.apply(state, issue, values)
    if not items:
        return
    state.touch(issue)
    kind = "issue_assigned" if {item["fieldId"] for item in items} == {"assignee"} else "issue_updated"
    jira_events.issue_changed("jira:issue_updated", issue, actor(), items, kind)


@routes.put("/issue/<key>/assignee")
def assign_issue(key: str) -> ResponseReturnValue:
    """Assign an issue: `{accountId}`, null for nobody."""
    issue, body = issue_or_refuse(key), body_object()
    if not may("ASSIGN_ISSUES"):
        raise JiraError(403, "You do not have permission to assign issues.")
    if "accountId" not in body:
        raise JiraError(400, "accountId must be specified")
    write_fields(issue, {"assignee": {"accountId": body["accountId"]}}, {})
    return "", 204


@routes.delete("/issue/<key>")
def delete_issue(key: str) -> ResponseReturnValue:
    """Delete an issue for good."""
    issue = issue_or_refuse(key)
    if not may("DELETE_ISSUES"):
        raise JiraError(403, "You do not have permission to delete issues in this project.")
    jira_events.issue_deleted(issue, actor())
    here().jira.remove(issue)
    return "", 204
