"""Converts an event of Forge into the body of Jira's own webhook.

Writing and editing a comment are the same event; the changelog of an update may lack the number of its entry.
https://developer.atlassian.com/platform/forge/events-reference/jira
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from receivers.fields import issue_id, objects, part, text, written_moment

Body = dict[str, object]
PREFIX = "avi:jira:"
_CHANGES = 1000
_EVENTS = {
    "created:issue": "jira:issue_created",
    "updated:issue": "jira:issue_updated",
    "deleted:issue": "jira:issue_deleted",
    "commented:issue": "comment_created",
    "deleted:comment": "comment_deleted",
    "created:issuelink": "issuelink_created",
    "deleted:issuelink": "issuelink_deleted",
}


@dataclass(frozen=True)
class ToldByForge:
    """The body that Jira's webhook would have had.

    `is_whole`: it says who did it and has what identifies the event; `by_itself`: the app itself caused it.
    """

    name: str
    body: Body
    is_whole: bool
    by_itself: bool


def understand(document: Mapping[str, object]) -> ToldByForge:
    """Convert an event's body; never raises, whatever the body is."""
    name = text(document.get("eventType")) or ""
    ours = _EVENTS.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
    issue = part(document, "issue")
    user = _account(document.get("atlassianId"))
    body: Body = {"webhookEvent": ours or name, "issue": issue, "user": user}
    body |= {"timestamp": _milliseconds(document.get("timestamp"))}
    reader = _READERS.get(ours or "")
    whole = reader(document, body) if reader else True
    return ToldByForge(name, body, whole and (user is not None or ours not in _BY_SOMEBODY), _is_own(document))


def _created(document: Mapping[str, object], body: Body) -> bool:
    body["timestamp"] = _milliseconds(part(document, "issue", "fields").get("created"))
    return True


def _updated(document: Mapping[str, object], body: Body) -> bool:
    """Add the changelog; return whether it has the number of its history entry, which identifies the event."""
    changes = document.get("changelog")
    items = changes if isinstance(changes, list) else part(document, "changelog").get("items")
    number = issue_id(part(document, "changelog").get("id"))
    body["changelog"] = {"id": number, "items": list(objects(items, _CHANGES))}
    return number is not None


def _commented(document: Mapping[str, object], body: Body) -> bool:
    comment = part(document, "comment")
    written, edited = comment.get("created"), comment.get("updated")
    if edited is not None and edited != written:
        body["webhookEvent"] = "comment_updated"
    body |= {"comment": comment, "timestamp": _milliseconds(edited or written)}
    return part(comment, "author").get("accountId") is not None and comment.get("body") is not None


def _of_comment(document: Mapping[str, object], body: Body) -> bool:
    body["comment"] = part(document, "comment")
    return True


def _linked(document: Mapping[str, object], body: Body) -> bool:
    names = ("id", "sourceIssueId", "destinationIssueId", "issueLinkType")
    body |= {"issueLink": {name: document.get(name) for name in names}}
    del body["issue"]
    return True


def _account(value: object) -> Body | None:
    account = text(value)
    return {"accountId": account} if account else None


def _is_own(document: Mapping[str, object]) -> bool:
    return document.get("selfGenerated") is True


def _milliseconds(value: object) -> int | None:
    at = written_moment(value)
    return round(at.timestamp() * 1000) if at else None


_READERS: Mapping[str, Callable[[Mapping[str, object], Body], bool]] = {
    "jira:issue_created": _created,
    "jira:issue_updated": _updated,
    "comment_created": _commented,
    "comment_deleted": _of_comment,
    "issuelink_created": _linked,
    "issuelink_deleted": _linked,
}
_BY_SOMEBODY = ("jira:issue_created", "jira:issue_updated")
