"""What every Jira route asks of its request: who calls, what they may, which issue and which body they mean."""

from __future__ import annotations

from typing import Any, cast

from flask import g, request

from sandbox.core import here
from sandbox.jira_errors import JiraError, no_issue
from sandbox.jira_shape import Shape
from sandbox.jira_state import SandboxIssue
from sandbox.versions import api_version
from sandbox.world import JiraAccount


def actor() -> JiraAccount:
    """Who makes this call to Jira."""
    return cast(JiraAccount, g.actor)


def shape() -> Shape:
    """The writer of REST answers for this request."""
    return Shape(here().jira, request.host_url.rstrip("/"), api_version())


def may(permission: str) -> bool:
    """True when the actor has this right in Jira; the bot's can be taken away, people lack those of admins."""
    world = here().jira.world
    if actor().bot:
        return permission not in here().jira.denied
    return actor().admin or permission not in world.admin_permissions


def body_object() -> dict[str, Any]:
    """The request's JSON object; raise JiraError 400 when it is none."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise JiraError(400, "There was an error parsing JSON. Check that your request body is valid.")
    return body


def section(body: dict[str, Any], name: str) -> dict[str, Any]:
    """`fields` or `update` of a body; raise JiraError 400 when it is no object."""
    part = body.get(name) or {}
    if not isinstance(part, dict):
        raise JiraError(400, f"'{name}' must be an object")
    return part


def issue_or_refuse(id_or_key: object) -> SandboxIssue:
    """The issue by id or key, a former key included; raise JiraError 404."""
    issue = here().jira.find(id_or_key)
    if issue is None or not may("BROWSE_PROJECTS"):
        raise no_issue()
    return issue
