"""Converts a call of Jira Automation, in any of its formats, into the body of Jira's own webhook.

The issue is under `issue` (Jira format, custom data) or is the body itself (Automation format). All ids are numbers,
and neither issue format says what happened or who did it. Custom data holds what the rule's author wrote.
https://support.atlassian.com/cloud-automation/docs/issue-data-jira-format-payload-for-send-web-request-action
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receivers.fields import issue_id, part, text, written_moment
from receivers.refusal import Refusal

Body = dict[str, object]
# The events that a rule may name, with Jira's names for them. An edited comment is not among them: it could not be
# told from the same edit that a webhook reports.
EVENTS = {
    "issue_created": "jira:issue_created",
    "issue_updated": "jira:issue_updated",
    "issue_deleted": "jira:issue_deleted",
    "comment_created": "comment_created",
    "comment_deleted": "comment_deleted",
}
_TRUTHS = {"true": True, "false": False}  # a smart value is a string, and empty where a project has no portal
_GONE = ("issue_deleted", "comment_deleted")  # the bot deletes nothing, so it does not matter who did it


@dataclass(frozen=True)
class ToldByRule:
    """The body that Jira's webhook would have had; `is_whole`: it has everything that the bot acts on."""

    event: str
    body: Body
    is_whole: bool


def understand(document: Mapping[str, object], named: str | None) -> ToldByRule:
    """Read a call's body; `named` is the event in the rule's address. Raises Refusal with the place and the fix."""
    event = _event(document, named)
    issue, place = _issue(document)
    if issue_id(issue.get("id")) is None:
        raise Refusal("the issue's id is missing or no id", 'write "id": {{issue.id}}', path=f"{place}.id")
    body: Body = {"webhookEvent": EVENTS[event or "issue_updated"], "issue": issue}
    if event is not None and event.startswith("comment_"):
        return _of_comment(event, document, body)
    created = event == "issue_created"
    actor = _actor(document.get("actor")) or (_actor(part(issue, "fields").get("creator")) if created else None)
    body |= {"user": actor, "timestamp": _milliseconds(part(issue, "fields").get("created")) if created else None}
    return ToldByRule(event or "", body, event in _GONE or (created and actor is not None))


def _event(document: Mapping[str, object], named: str | None) -> str | None:
    """Return the event that the address or the body names; None when neither does, as the issue formats need not."""
    given = named if named is not None else document.get("event")
    if given is None:
        return None
    event = str(given).removeprefix("jira:")
    if event not in EVENTS:
        place = "?event" if named is not None else "$.event"
        raise Refusal("not an event that a rule may tell", f"write one of {', '.join(EVENTS)}", path=place)
    return event


def _issue(document: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
    """Return the issue and its JSON path; raises Refusal when there is none."""
    if isinstance(document.get("issue"), dict):
        return part(document, "issue"), "$.issue"
    if "issue" not in document and isinstance(document.get("fields"), dict):
        return document, "$"
    fix = "choose «Issue data» as the rule's web request body, or copy the custom data of the bot's page"
    raise Refusal("the body names no issue", fix, path="$.issue")


def _of_comment(event: str, document: Mapping[str, object], body: Body) -> ToldByRule:
    comment = part(document, "comment")
    if issue_id(comment.get("id")) is None:
        raise Refusal("the comment's id is missing or no id", 'write "id": {{comment.id}}', path="$.comment.id")
    author, words = _actor(comment.get("author")), text(comment.get("body"))
    internal = _TRUTHS.get(str(comment.get("internal")).lower())
    known = {"id": comment["id"], "author": author, "body": comment.get("body")}
    public = {} if internal is None else {"jsdPublic": not internal}
    at = _milliseconds(comment.get("created"))
    whole = event in _GONE or (author is not None and words is not None)
    return ToldByRule(event, body | {"comment": known | public, "timestamp": at}, whole)


def _actor(value: object) -> Body | None:
    """Return an account given as its id or as a Jira user; None when there is none."""
    account = text(part(value).get("accountId") if isinstance(value, dict) else value)
    return {"accountId": account} if account else None


def _milliseconds(value: object) -> int | None:
    at = written_moment(value)
    return round(at.timestamp() * 1000) if at else None
