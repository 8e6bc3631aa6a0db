"""Attachments of issues: added by a form, listed in the issue."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jira_events
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_request import actor, issue_or_refuse, may, shape
from sandbox.jira_state import SandboxAttachment
from sandbox.versions import PREFIX

routes = Blueprint("jira_attachments", __name__, url_prefix=PREFIX)


@routes.post("/issue/<key>/attachments")
def add_attachments(key: str) -> ResponseReturnValue:
    """Attach each `file` of a form; Jira wants a header, against forms of other sites."""
    if request.headers.get("X-Atlassian-Token") != "no-check":
        raise JiraError(403, "XSRF check failed")
    issue, state = issue_or_refuse(key), here().jira
    if not may("CREATE_ATTACHMENTS"):
        raise JiraError(403, "You do not have permission to create attachments for this issue.")
    files = request.files.getlist("file")
    if not files:
        raise JiraError(400, "No file was attached.")
    added = [
        SandboxAttachment(str(state.next_id()), actor().id, state.now(), one.filename or "", one.read(), one.mimetype)
        for one in files
    ]
    issue.attachments += added
    state.touch(issue)
    items = [
        {"field": "Attachment", "fieldtype": "jira", "from": None, "fromString": None, "to": one.id,
         "toString": one.name, "fieldId": "attachment"}
        for one in added
    ]  # fmt: skip
    jira_events.issue_changed("jira:issue_updated", issue, actor(), items, "issue_updated")
    return jsonify([shape().attachment(one) for one in added])
