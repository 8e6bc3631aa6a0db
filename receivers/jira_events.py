"""Reads a Jira Cloud webhook: any JSON object in, one event or the reason for none out, never an exception.

Every field is optional, as captured bodies and other bots' bug reports show: comments come without an issue or with a
partial one, links with ids only, `changelog.items[].field` is a localised name (only `fieldId` is compared).
https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.adf_text import plain_text
from events import (
    CommentEvent,
    FieldChange,
    IssueEvent,
    IssueLinkEvent,
    IssueRef,
    JiraEvent,
    issue_case,
)
from events.issues import JIRA_EVENTS
from receivers.fields import (
    TEXT_LIMIT,
    host,
    issue_id,
    issue_key,
    moment,
    objects,
    part,
    person,
    project_key,
    text,
)

NO_CASE = "jira:none"
_SEVERAL = 2  # sites
NO_SITE = "the body does not tell its site: add ?site=NAME to the webhook's address"  # link events have no URL in them
_CHANGES = 1000  # items of one changelog; real ones have a few dozen at most
_NAME = re.compile(r"[\w:.-]{1,100}", re.ASCII)
# Field ids by English display name, for bodies from before `fieldId` existed and for moves, which still lack it.
_FIELD_IDS = {
    "status": "status",
    "resolution": "resolution",
    "component": "components",
    "components": "components",
    "labels": "labels",
    "assignee": "assignee",
    "reporter": "reporter",
    "summary": "summary",
    "description": "description",
    "priority": "priority",
    "issuetype": "issuetype",
    "issue type": "issuetype",
    "fix version": "fixVersions",
    "duedate": "duedate",
    "attachment": "attachment",
    "link": "issuelinks",
    "project": "project",
    "workflow": "Workflow",
    "key": "Key",
}


@dataclass(frozen=True)
class JiraPlaces:
    """Where configured issues are: `hosts` by site, and the site of each project key."""

    default_site: str
    hosts: Mapping[str, str]
    projects: Mapping[str, str]

    def site(self, named: str | None, *urls: object) -> str:
        """Return the site that the webhook's URL names, else that of the body's URLs, else the default."""
        if named is not None and named in self.hosts:
            return named
        return self._linked(*urls) or self.default_site

    def tell(self, named: str | None, *urls: object) -> bool:
        """Return whether it is certain which site a body is from."""
        return len(self.hosts) < _SEVERAL or named in self.hosts or self._linked(*urls) is not None

    def _linked(self, *urls: object) -> str | None:
        seen = {host(url) for url in urls} - {None}
        return next((site for site, known in self.hosts.items() if known in seen), None)


@dataclass(frozen=True)
class ParsedJira:
    """One parsed webhook; where `event` is None, `ignored` says why."""

    type: str
    case: str
    site: str
    event: JiraEvent | None = None
    ignored: str | None = None


@dataclass(frozen=True)
class _Call:
    type: str
    body: Mapping[str, object]
    ref: IssueRef
    occurred_at: datetime


def parse(body: Mapping[str, object], places: JiraPlaces, received: datetime, site: str | None = None) -> ParsedJira:
    """Parse a webhook's body; `site` is the URL's `?site=`, `received` replaces a missing or impossible timestamp."""
    name = _name(body.get("webhookEvent"))
    urls = part(body, "issue").get("self"), part(body, "comment").get("self")
    at = places.site(site, *urls)
    ref = _issue(body, at)
    case = issue_case(ref) if ref else NO_CASE
    reason = _why_ignored(body, name, ref, places)
    if reason is None and "issueLink" in body and not places.tell(site, *urls):
        reason = NO_SITE
    if reason is not None or ref is None or name is None:
        return ParsedJira(name or "unknown", case, at, ignored=reason or "no issue")
    ours = JIRA_EVENTS[name]
    event = _READERS[ours.partition(".")[0]](_Call(ours, body, ref, moment(body.get("timestamp"), received)))
    if event is None:
        return ParsedJira(name, case, at, ignored="the comment or the linked issue has no id")
    return ParsedJira(event.type, case, at, event)


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _why_ignored(body: Mapping[str, object], name: str | None, ref: IssueRef | None, places: JiraPlaces) -> str | None:
    if name is None:
        return "no webhookEvent: a body of a post-function or an Automation rule"
    if name not in JIRA_EVENTS:
        return f"unknown event {name}"
    if ref is None:
        return "no issue with an id"
    named = _projects(body, ref)
    # A move out of a configured project still names it; links and bare deletions name no project and are accepted.
    if named and not any(places.projects.get(key) == ref.site for key in named):
        return f"project {min(named)} of site {ref.site} is not in jira.yml"
    return None


def _issue(body: Mapping[str, object], site: str) -> IssueRef | None:
    issue, link = part(body, "issue"), part(body, "issueLink")
    identity = issue_id(link.get("sourceIssueId") if link else issue.get("id"))
    if identity is None:
        return None
    key = issue_key(issue.get("key"))
    project = project_key(part(issue, "fields", "project").get("key")) or _project_of(key)
    return IssueRef(site=site, id=identity, key=key, project=project)


def _project_of(key: str | None) -> str | None:
    return key.rpartition("-")[0] if key else None


def _projects(body: Mapping[str, object], ref: IssueRef) -> set[str]:
    moved = [change for change in _changes(body) if change.field == "Key"]
    keys = [ref.key, *(issue_key(key) for change in moved for key in (change.before_text, change.after_text))]
    return {project for project in (ref.project, *map(_project_of, keys)) if project}


def _changes(body: Mapping[str, object]) -> tuple[FieldChange, ...]:
    items = objects(part(body, "changelog").get("items"), _CHANGES)
    return tuple(change for item in items if (change := _change(item)) is not None)


def _change(item: Mapping[str, object]) -> FieldChange | None:
    field = text(item.get("fieldId")) or _field_id(item)
    if field is None:
        return None
    return FieldChange(
        field=field,
        before=text(item.get("tmpFromAccountId")) or text(item.get("from"), TEXT_LIMIT),
        after=text(item.get("tmpToAccountId")) or text(item.get("to"), TEXT_LIMIT),
        before_text=text(item.get("fromString"), TEXT_LIMIT),
        after_text=text(item.get("toString"), TEXT_LIMIT),
    )


def _field_id(item: Mapping[str, object]) -> str | None:
    """Return the id of a well-known field by its display name; never of a custom field, which may have any name."""
    return None if item.get("fieldtype") == "custom" else _FIELD_IDS.get((text(item.get("field")) or "").lower())


def _issue_event(call: _Call) -> JiraEvent | None:
    actor = person(call.body.get("user"))
    return IssueEvent.model_validate(_facts(call) | {"actor": actor, "changes": _changes(call.body)})


def _comment_event(call: _Call) -> JiraEvent | None:
    comment = part(call.body, "comment")
    identity = issue_id(comment.get("id"))
    if identity is None:
        return None
    public = comment.get("jsdPublic")
    of_comment = {
        "actor": person(comment.get(_COMMENT_ACTORS.get(call.type, ""))),
        "comment_id": identity,
        "text": text(plain_text(comment.get("body"), quotes=False), TEXT_LIMIT) or "",
        "public": public if isinstance(public, bool) else None,
    }
    return CommentEvent.model_validate(_facts(call) | of_comment)


def _link_event(call: _Call) -> JiraEvent | None:
    link = part(call.body, "issueLink")
    other = issue_id(link.get("destinationIssueId"))
    if other is None:
        return None
    of_link = {
        "other": IssueRef(site=call.ref.site, id=other),
        "link_type": text(part(link, "issueLinkType").get("name")),
        "actor": person(call.body.get("user")),
    }
    return IssueLinkEvent.model_validate(_facts(call) | of_link)


def _facts(call: _Call) -> dict[str, object]:
    return {"type": call.type, "occurred_at": call.occurred_at, "issue": call.ref}


# Comment events carry no `user`; who deleted one is unknown.
_COMMENT_ACTORS = {"comment.created": "author", "comment.updated": "updateAuthor"}
_READERS: Mapping[str, Callable[[_Call], JiraEvent | None]] = {
    "issue": _issue_event,
    "comment": _comment_event,
    "issuelink": _link_event,
}
