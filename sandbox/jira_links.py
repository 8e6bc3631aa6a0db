"""Jira's routes about links: between two issues, and from an issue to something outside."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jira_comments, jira_events
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import SHORT
from sandbox.jira_request import body_object, issue_or_refuse, may, shape
from sandbox.jira_state import IssueLink, RemoteLink, SandboxIssue
from sandbox.versions import PREFIX
from sandbox.world import LinkType

routes = Blueprint("jira_links", __name__, url_prefix=PREFIX)


@routes.post("/issueLink")
def link_issues() -> ResponseReturnValue:
    """Link the inward issue (source) to the outward one (destination); a link that is there already is not doubled."""
    body, state = body_object(), here().jira
    kind = link_type(body.get("type"))
    source, destination = linked(body.get("inwardIssue")), linked(body.get("outwardIssue"))
    if not may("LINK_ISSUES"):
        raise JiraError(404, "No Link Issue Permission for issue")
    if source is destination:
        raise JiraError(400, "You cannot link an issue to itself.")
    comment = body.get("comment")
    document = jira_comments.read_body(comment.get("body")) if isinstance(comment, dict) else None
    ends = (kind.id, source.id, destination.id)
    if ends not in {(link.type, link.source, link.destination) for link in state.links.values()}:
        link = IssueLink(state.next_id(), *ends)
        state.links[link.id] = link
        for issue in (source, destination):
            state.touch(issue)
        jira_events.link_changed("issuelink_created", link)
    if document:
        jira_comments.add(source, document, {}, None)
    return "", 201


@routes.get("/issueLinkType")
def link_types() -> ResponseReturnValue:
    """The kinds of link between two issues."""
    return jsonify({"issueLinkTypes": [shape().link_type(row) for row in here().jira.world.link_types]})


def link_type(given: Any) -> LinkType:
    """The kind of link by name or id; raise JiraError 404."""
    wanted = given if isinstance(given, dict) else {}
    for row in here().jira.world.link_types:
        if str(wanted.get("id")) == row.id or str(wanted.get("name", "")).casefold() == row.name.casefold():
            return row
    raise JiraError(404, f"No issue link type with name '{wanted.get('name')}' found.")


def linked(given: Any) -> SandboxIssue:
    """The issue at one end of a link; raise JiraError."""
    wanted = given if isinstance(given, dict) else {}
    return issue_or_refuse(wanted.get("id", wanted.get("key")))


@routes.delete("/issueLink/<int:link_id>")
def unlink_issues(link_id: int) -> ResponseReturnValue:
    """Remove a link between two issues."""
    state = here().jira
    if link_id not in state.links or not may("LINK_ISSUES"):
        raise JiraError(404, f"No issue link with id '{link_id}' exists.")
    link = state.links.pop(link_id)
    for issue in (state.issues[link.source], state.issues[link.destination]):
        state.touch(issue)
    jira_events.link_changed("issuelink_deleted", link)
    return "", 204


def remote_shape(issue: SandboxIssue, link: RemoteLink) -> dict[str, Any]:
    """A remote link as Jira shows it."""
    shown = {"id": link.id, "self": shape().url(f"issue/{issue.key}/remotelink/{link.id}"), **link.body}
    return shown | ({"globalId": link.global_id} if link.global_id else {})


@routes.get("/issue/<key>/remotelink")
def get_remote_links(key: str) -> ResponseReturnValue:
    """An issue's remote links, or the one with the given `globalId`."""
    issue, global_id = issue_or_refuse(key), request.args.get("globalId")
    if global_id is None:
        return jsonify([remote_shape(issue, link) for link in issue.remote_links])
    found = next((link for link in issue.remote_links if link.global_id == global_id), None)
    if found is None:
        raise JiraError(404, f"No remote issue link with globalId '{global_id}' exists.")
    return jsonify(remote_shape(issue, found))


@routes.post("/issue/<key>/remotelink")
def put_remote_link(key: str) -> ResponseReturnValue:
    """Make a remote link (201), or write the one with the same `globalId` anew (200)."""
    issue, body = issue_or_refuse(key), body_object()
    global_id, content = body.get("globalId"), check_remote(body)
    if not may("LINK_ISSUES"):
        raise JiraError(403, "No Link Issue Permission for issue")
    found = next((link for link in issue.remote_links if global_id and link.global_id == global_id), None)
    link = found or RemoteLink(here().jira.next_id(), global_id, content)
    link.body = content
    if found is None:
        issue.remote_links.append(link)
        here().jira.touch(issue)
    identity = {"id": link.id, "self": remote_shape(issue, link)["self"]}
    return jsonify(identity), 200 if found else 201


def check_remote(body: dict[str, Any]) -> dict[str, Any]:
    """What a remote link shows; raise JiraError 400 for a missing title or url, or too long a `globalId`."""
    content = body.get("object")
    content = content if isinstance(content, dict) else {}
    errors = {name: f"'{name}' is required." for name in ("title", "url") if not content.get(name)}
    if len(body.get("globalId") or "") > SHORT:
        errors["globalId"] = f"'globalId' is too long, it must be at most {SHORT} characters."
    if errors:
        raise JiraError(400, errors=errors)
    rest: dict[str, Any] = {name: body[name] for name in ("application", "relationship") if name in body}
    return {"object": content, **rest}
