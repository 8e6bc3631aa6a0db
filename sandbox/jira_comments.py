"""Jira's routes about comments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import adf, jira_events
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import TOO_LONG
from sandbox.jira_properties import check_properties
from sandbox.jira_request import actor, body_object, issue_or_refuse, may, shape
from sandbox.jira_state import SandboxComment, SandboxIssue
from sandbox.paging import number, window
from sandbox.versions import PREFIX, api_version

MOST_LISTED = 1000  # ids in one `comment/list`
ALL_COMMENTS = 5000  # Jira's own limit for an issue

routes = Blueprint("jira_comments", __name__, url_prefix=PREFIX)


def read_body(document: Any) -> dict[str, Any]:
    """A comment's ADF, for the API's second version made of its text; raise JiraError 400."""
    if api_version() == "2" and isinstance(document, str):
        document = adf.from_text(document)
    elif api_version() == "2":
        raise JiraError(400, errors={"comment": "Comment body is not valid!"})
    if not adf.is_valid(document) or not adf.text_length(document):
        raise JiraError(400, errors={"comment": "Comment body is not valid!"})
    if adf.text_length(document) > adf.TEXT_LIMIT:
        raise JiraError(400, errors={"comment": TOO_LONG.format(adf.TEXT_LIMIT)})
    return dict(document)


def add(
    issue: SandboxIssue, document: dict[str, Any], properties: dict[str, Any], visibility: dict[str, Any] | None
) -> SandboxComment:
    """Write a comment in the actor's name and tell the webhooks."""
    state = here().jira
    now, by = state.now(), actor().id
    comment = SandboxComment(str(state.next_id()), by, by, now, now, document, properties, visibility)
    issue.comments.append(comment)
    state.touch(issue)
    jira_events.comment_changed("comment_created", issue, comment)
    return comment


@routes.post("/issue/<key>/comment")
def add_comment(key: str) -> ResponseReturnValue:
    """Write a comment; the property `sd.public.comment {internal: true}` hides it from the customer."""
    issue, body = issue_or_refuse(key), body_object()
    if not may("ADD_COMMENTS"):
        raise JiraError(400, "You do not have the permission to comment on this issue.")
    document, properties = read_body(body.get("body")), check_properties(body.get("properties"))
    return jsonify(shape().comment(issue, add(issue, document, properties, body.get("visibility")))), 201


@routes.get("/issue/<key>/comment")
def get_comments(key: str) -> ResponseReturnValue:
    """An issue's comments, the oldest first (`orderBy=-created`: the newest)."""
    issue = issue_or_refuse(key)
    newest_first = request.args.get("orderBy") == "-created"
    rows = issue.comments[::-1] if newest_first else issue.comments
    head, shown = window(rows, ALL_COMMENTS)
    return jsonify({**head, "comments": [shape().comment(issue, comment) for comment in shown]})


def comment_of(issue: SandboxIssue, comment_id: str) -> SandboxComment:
    """A comment of the issue; raise JiraError 404."""
    found = next((comment for comment in issue.comments if comment.id == comment_id), None)
    if found is None:
        raise JiraError(404, f"Can not find a comment for the id: {comment_id}.")
    return found


@routes.get("/issue/<key>/comment/<comment_id>")
def get_comment(key: str, comment_id: str) -> ResponseReturnValue:
    """One comment."""
    issue = issue_or_refuse(key)
    return jsonify(shape().comment(issue, comment_of(issue, comment_id)))


def check_may(comment: SandboxComment, verb: str) -> None:
    """Refuse to edit or delete what the actor may not; raise JiraError 400."""
    own = comment.author == actor().id
    if not may(f"{verb}_ALL_COMMENTS") and not (own and may(f"{verb}_OWN_COMMENTS")):
        raise JiraError(400, f"You do not have the permission to {verb.lower()} the comment with id: {comment.id}.")


@routes.put("/issue/<key>/comment/<comment_id>")
def edit_comment(key: str, comment_id: str) -> ResponseReturnValue:
    """Write a comment anew; its properties change by key."""
    issue, body = issue_or_refuse(key), body_object()
    comment = comment_of(issue, comment_id)
    check_may(comment, "EDIT")
    document, properties = read_body(body.get("body")), check_properties(body.get("properties"))
    comment.body, comment.update_author, comment.updated = document, actor().id, here().jira.now()
    comment.properties.update(properties)
    here().jira.touch(issue)
    jira_events.comment_changed("comment_updated", issue, comment)
    return jsonify(shape().comment(issue, comment))


@routes.delete("/issue/<key>/comment/<comment_id>")
def delete_comment(key: str, comment_id: str) -> ResponseReturnValue:
    """Delete a comment."""
    issue = issue_or_refuse(key)
    comment = comment_of(issue, comment_id)
    check_may(comment, "DELETE")
    issue.comments.remove(comment)
    here().jira.touch(issue)
    jira_events.comment_changed("comment_deleted", issue, comment)
    return "", 204


@routes.post("/comment/list")
def list_comments() -> ResponseReturnValue:
    """Comments by id, whatever their issue; `expand=properties` adds their properties; unknown ids are left out."""
    ids = body_object().get("ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= MOST_LISTED:
        raise JiraError(400, f"'ids' must be a list of 1 to {MOST_LISTED} comment ids")
    wanted, with_properties = {str(one) for one in ids}, "properties" in request.args.get("expand", "").split(",")
    rows = []
    for issue, comment in here().jira.comments() if may("BROWSE_PROJECTS") else ():
        if comment.id in wanted:
            listed = [{"key": key, "value": value} for key, value in comment.properties.items()]
            rows.append(shape().comment(issue, comment) | ({"properties": listed} if with_properties else {}))
    start = number("startAt", 0)
    head = {"startAt": start, "maxResults": MOST_LISTED, "total": len(rows), "isLast": True}
    return jsonify({**head, "values": rows[start:]})
