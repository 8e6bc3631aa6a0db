"""One page that shows what the sandbox holds."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from sandbox import adf
from sandbox.closing import RESOLUTIONS
from sandbox.core import here
from sandbox.jira_state import SandboxIssue
from sandbox.usedesk_shapes import full

routes = Blueprint("page", __name__)


def issue_row(issue: SandboxIssue) -> dict[str, Any]:
    """What the page says about an issue."""
    state = here().jira
    return {
        "key": issue.key,
        "summary": issue.fields["summary"],
        "status": state.world.status(issue.status).name,
        "components": [state.components[one].name for one in issue.fields["components"]],
        "labels": issue.fields["labels"],
        "links": [link.body["object"] for link in issue.remote_links],
        "description": adf.to_text(issue.fields["description"]),
        "comments": [(one.public, adf.to_text(one.body)) for one in issue.comments],
    }


@routes.get("/sandbox")
def show() -> ResponseReturnValue:
    """Issues, tickets and chats as they are now."""
    sandbox = here()
    issues = [issue_row(issue) for issue in sandbox.jira.issues.values()]
    usedesk = [full(sandbox.usedesk, ticket) for ticket in sandbox.usedesk.tickets.values()]
    return render_template(
        "page.html",
        issues=issues,
        tickets=sandbox.tickets.values(),
        usedesk=usedesk,
        chats=sandbox.chats,
        now=sandbox.clock.now(),
        resolutions=RESOLUTIONS,
    )


@routes.get("/browse/<key>")
def browse(key: str) -> ResponseReturnValue:
    """Where Jira shows an issue: its row on the page."""
    return redirect(url_for("page.show", _anchor=key))
