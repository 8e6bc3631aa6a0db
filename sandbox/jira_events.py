"""What happened in Jira, told to the registered webhooks in Jira's own bodies."""

from __future__ import annotations

from typing import Any

from flask import request

from sandbox import jql
from sandbox.core import here
from sandbox.jira_shape import Shape
from sandbox.jira_state import Comment, Issue, IssueLink
from sandbox.world import Account, by_id

ISSUE_EVENTS = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted")
COMMENT_EVENTS = ("comment_created", "comment_updated", "comment_deleted")
LINK_EVENTS = ("issuelink_created", "issuelink_deleted")
KNOWN = (*ISSUE_EVENTS, *COMMENT_EVENTS, *LINK_EVENTS)


def _shape() -> Shape:
    return Shape(here().jira, request.host_url.rstrip("/"), "2")


def tell(event: str, parts: dict[str, Any], issue: Issue | None) -> None:
    """Queue an event for every hook that wants it; a hook's JQL is asked for events of an issue."""
    sandbox = here()
    body = {"timestamp": int(sandbox.clock.now().timestamp() * 1000), "webhookEvent": event, **parts}
    for hook in sandbox.hooks.values():
        if not hook.enabled or event not in hook.events:
            continue
        if issue is not None and hook.jql and not jql.parse(hook.jql, sandbox.jira).matches(issue):
            continue
        sandbox.courier.send(hook, body)


def issue_changed(event: str, issue: Issue, by: Account, items: list[dict[str, Any]], kind: str) -> None:
    """An issue was created or updated; `kind` is the `issue_event_type_name`."""
    shape = _shape()
    parts: dict[str, Any] = {"issue_event_type_name": kind, "user": shape.user(by), "issue": shape.issue(issue)}
    tell(event, {**parts, "changelog": {"id": str(here().jira.next_id()), "items": items}}, issue)


def issue_deleted(issue: Issue, by: Account) -> None:
    """An issue is about to go."""
    shape = _shape()
    tell("jira:issue_deleted", {"user": shape.user(by), "issue": shape.issue(issue)}, issue)


def comment_changed(event: str, issue: Issue, comment: Comment) -> None:
    """A comment was written, edited or deleted; the body names no user and a cut-down issue."""
    shape = _shape()
    tell(event, {"comment": shape.comment(issue, comment), "issue": shape.cut_down_issue(issue)}, issue)


def link_changed(event: str, link: IssueLink) -> None:
    """Two issues were linked or unlinked; the body has ids only, as numbers, and names no user."""
    kind = by_id(here().jira.world.link_types, link.type)
    names = {"id": int(link.type), "name": kind and kind.name}
    names |= {"outwardName": kind and kind.outward, "inwardName": kind and kind.inward}
    shown = {
        "id": link.id,
        "sourceIssueId": int(link.source),
        "destinationIssueId": int(link.destination),
        "issueLinkType": {**names, "isSubTaskLinkType": False, "isSystemLinkType": False},
        "systemLink": False,
    }
    tell(event, {"issueLink": shown}, None)
