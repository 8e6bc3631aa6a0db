"""What happened in Jira, told to the registered webhooks in Jira's own bodies."""

from __future__ import annotations

from typing import Any

from flask import g, request

from sandbox import jql
from sandbox.core import here
from sandbox.jira_shape import Shape
from sandbox.jira_state import ChangelogEntry, IssueLink, SandboxComment, SandboxIssue
from sandbox.world import JiraAccount, by_id

ISSUE_EVENTS = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted")
COMMENT_EVENTS = ("comment_created", "comment_updated", "comment_deleted")
LINK_EVENTS = ("issuelink_created", "issuelink_deleted")
KNOWN = (*ISSUE_EVENTS, *COMMENT_EVENTS, *LINK_EVENTS)


def _shape() -> Shape:
    return Shape(here().jira, request.host_url.rstrip("/"), "2")


def tell(event: str, parts: dict[str, Any], issue: SandboxIssue | None) -> None:
    """Queue an event for every hook that wants it; a hook's JQL is asked for events of an issue."""
    sandbox = here()
    body = {"timestamp": int(sandbox.clock.now().timestamp() * 1000), "webhookEvent": event, **parts}
    for hook in sandbox.hooks.values():
        if not hook.enabled or event not in hook.events:
            continue
        if issue is not None and hook.jql and not jql.parse(hook.jql, sandbox.jira).matches(issue):
            continue
        sandbox.courier.send(hook, body)


def issue_changed(event: str, issue: SandboxIssue, by: JiraAccount, items: list[dict[str, Any]], kind: str) -> None:
    """An issue was created or updated; `kind` is the `issue_event_type_name`."""
    shape = _shape()
    entry = ChangelogEntry(str(here().jira.next_id()), by.id, here().jira.now(), items)
    if event == "jira:issue_updated":
        issue.history.append(entry)
    parts: dict[str, Any] = {"issue_event_type_name": kind, "user": shape.user(by), "issue": shape.issue(issue)}
    tell(event, {**parts, "changelog": {"id": entry.id, "items": items}}, issue)


def issue_deleted(issue: SandboxIssue, by: JiraAccount) -> None:
    """An issue is about to go."""
    shape = _shape()
    tell("jira:issue_deleted", {"user": shape.user(by), "issue": shape.issue(issue)}, issue)


def comment_changed(event: str, issue: SandboxIssue, comment: SandboxComment) -> None:
    """A comment was written, edited or deleted; the body names no user and a cut-down issue."""
    shape = _shape()
    tell(event, {"comment": shape.comment(issue, comment), "issue": shape.cut_down_issue(issue)}, issue)


def link_changed(event: str, link: IssueLink) -> None:
    """Two issues were linked or unlinked; the body has ids only, as numbers, and names no user.

    The changelogs of both tell of it in the other's key.
    """
    ends = [here().jira.issues[one] for one in (link.source, link.destination)]
    for issue, other in zip(ends, reversed(ends), strict=True):
        made = {"from": None, "fromString": None, "to": other.key, "toString": f"This issue is linked to {other.key}"}
        if event == "issuelink_deleted":
            made = {"from": made["to"], "fromString": made["toString"], "to": None, "toString": None}
        item = {"field": "Link", "fieldtype": "jira", **made}
        issue.history.append(ChangelogEntry(str(here().jira.next_id()), g.actor.id, here().jira.now(), [item]))
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
