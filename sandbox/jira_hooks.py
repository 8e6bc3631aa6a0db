"""Jira's admin webhooks: `/rest/webhooks/1.0/webhook`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jql
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_events import KNOWN
from sandbox.jira_request import body_object, may
from sandbox.webhooks import Hook

SECTION = "issue-related-events-section"

routes = Blueprint("jira_hooks", __name__, url_prefix="/rest/webhooks/1.0/webhook")


@routes.before_request
def check_admin() -> None:
    """Only admins of Jira may."""
    if not may("ADMINISTER"):
        raise JiraError(403, "You are not authorized to manage webhooks.")


def hook_shape(hook: Hook) -> dict[str, Any]:
    """A webhook; its secret is never shown again."""
    return {
        "name": hook.name,
        "url": hook.url,
        "events": list(hook.events),
        "filters": {SECTION: hook.jql},
        "excludeBody": False,
        "enabled": hook.enabled,
        "self": f"{request.host_url}rest/webhooks/1.0/webhook/{hook.id}",
        "lastUpdated": hook.updated,
        "isSigned": hook.secret is not None,
    }


def read_hook(hook_id: int) -> Hook:
    """The webhook that the body describes; raise JiraError 400."""
    body = body_object()
    url, events = body.get("url"), body.get("events")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise JiraError(400, "The url of the webhook is invalid.")
    if not isinstance(events, list) or not events or not set(events) <= set(KNOWN):
        raise JiraError(400, f"The events of the webhook are invalid; known here: {', '.join(KNOWN)}.")
    text = (body.get("filters") or {}).get(SECTION) or ""
    jql.parse(text, here().jira)
    stamp, secret = int(here().clock.now().timestamp() * 1000), body.get("secret") or None
    return Hook(
        hook_id, str(body.get("name") or url), url, tuple(events), secret, text, bool(body.get("enabled", True)), stamp
    )


def hook_or_refuse(hook_id: int) -> Hook:
    """The webhook; raise JiraError 404."""
    if hook_id not in here().hooks:
        raise JiraError(404, "The webhook does not exist.")
    return here().hooks[hook_id]


@routes.get("")
def list_hooks() -> ResponseReturnValue:
    """All webhooks."""
    return jsonify([hook_shape(hook) for hook in here().hooks.values()])


@routes.post("")
def register() -> ResponseReturnValue:
    """Register a webhook."""
    hook = read_hook(max(here().hooks, default=0) + 1)
    here().hooks[hook.id] = hook
    return jsonify(hook_shape(hook)), 201


@routes.get("/<int:hook_id>")
def get_hook(hook_id: int) -> ResponseReturnValue:
    """One webhook."""
    return jsonify(hook_shape(hook_or_refuse(hook_id)))


@routes.put("/<int:hook_id>")
def change(hook_id: int) -> ResponseReturnValue:
    """Write a webhook anew; without a secret in the body it keeps its own."""
    old = hook_or_refuse(hook_id)
    hook = read_hook(hook_id)
    hook.secret = hook.secret or old.secret
    here().hooks[hook_id] = hook
    return jsonify(hook_shape(hook))


@routes.delete("/<int:hook_id>")
def remove(hook_id: int) -> ResponseReturnValue:
    """Remove a webhook."""
    hook_or_refuse(hook_id)
    del here().hooks[hook_id]
    return "", 204
