"""An issue with its history as the bodies that Jira's webhooks would have had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from config import Config
from events.untrusted import objects, part
from receivers import jira_events
from receivers.fields import written_moment
from receivers.intake import Reading, arrival_of
from receivers.jira import mark_of, places
from runtime.inbox import Arrival
from runtime.jira_reconciling import History

_MOST = 1000  # entries of one list
Body = dict[str, object]


def understand(config: Config, site: str, history: History) -> tuple[list[Arrival], bool]:
    """What is made of a history: see `runtime.jira_reconciling.Understand`."""
    found, settled = [], True
    for at, body in sorted(_bodies(history), key=lambda one: one[0]):
        if at > history.until:
            settled = False
        elif at >= history.since and (arrival := _arrival(config, site, body, at)) is not None:
            found.append(arrival)
    return found, settled


def _arrival(config: Config, site: str, body: Body, at: datetime) -> Arrival | None:
    """None for what a webhook of would be ignored."""
    parsed = jira_events.parse(body, places(config), at, site)
    mark = mark_of(parsed, body)
    if parsed.event is None or mark is None:
        return None
    return arrival_of("jira", body, Reading(f"found:{mark[:64]}", parsed.case, parsed.type, parsed.event, None, mark))


def _bodies(history: History) -> Iterator[tuple[datetime, Body]]:
    """Each thing that happened, and when."""
    fields = part(history.issue, "fields")
    issue = {name: history.issue.get(name) for name in ("id", "key", "self")}
    about: Body = {"issue": {**issue, "fields": {"project": fields.get("project")}}}
    if created := written_moment(fields.get("created")):
        yield created, _body("jira:issue_created", created, {**about, "user": fields.get("creator")})
    for entry in objects(part(history.issue, "changelog").get("histories"), _MOST):
        if at := written_moment(entry.get("created")):
            changes = {"id": entry.get("id"), "items": entry.get("items")}
            if {item.get("field") for item in objects(entry.get("items"), _MOST)} != {
                "Link"
            }:  # which has its own event
                yield at, _body("jira:issue_updated", at, {**about, "user": entry.get("author"), "changelog": changes})
            for link in _linked(fields, history.issue.get("id"), entry):
                yield at, _body("issuelink_created", at, {"issueLink": link, "user": entry.get("author")})
    for comment in history.comments:
        if at := written_moment(comment.get("created")):
            yield at, _body("comment_created", at, {**about, "comment": dict(comment)})


def _linked(fields: Mapping[str, object], issue: object, entry: Mapping[str, object]) -> Iterator[Body]:
    """The links that an entry of the changelog names, if they are still there."""
    keys = {item.get("to") for item in objects(entry.get("items"), _MOST) if item.get("field") == "Link"}
    for link in objects(fields.get("issuelinks"), _MOST):
        outward, inward = part(link, "outwardIssue"), part(link, "inwardIssue")
        if (outward or inward).get("key") in keys:
            ends = (issue, outward.get("id")) if outward else (inward.get("id"), issue)
            names = {"id": link.get("id"), "issueLinkType": link.get("type")}
            yield {**names, "sourceIssueId": ends[0], "destinationIssueId": ends[1]}


def _body(event: str, at: datetime, more: Body) -> Body:
    return {"timestamp": int(at.timestamp() * 1000), "webhookEvent": event, **more}
