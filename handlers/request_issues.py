"""Requests that a person makes in Jira: by a component, an assignee, or a link between two issues (U-14, C-25)."""

from __future__ import annotations

from typing import Any

from config.departments import Department
from desk.desk import Desk
from desk.issues import IssueView
from desk.jira.names import is_named
from desk.requests import RequestDraft
from events import IssueEvent, IssueLinkEvent
from handlers.jira_task import concerns
from handlers.requests import ask_department


def ask_from_jira(event: IssueEvent, desk: Desk) -> None:
    """A neighbour's component or assignee that a person gave an issue is a request (U-14); the bot's is not (C-25)."""
    named = _named(event, desk)
    asks = event.type == "issue.updated" and (bool(named) or _opened_again(event, desk))
    if not (asks or event.type == "issue.created" or _touches_request(event, desk)):
        return
    if event.actor is None or event.actor.kind == "customer" or desk.holds.of_issue(event.issue.site, event.issue.id):
        return
    seen = desk.jira.reading.read(event.issue)
    department = _department(seen, named, desk) if seen else None
    if seen is None or department is None or desk.jira.reading.is_finished(seen):
        return
    link = desk.jira.links.of_issue(seen.issue)
    source, ticket = (link.source, link.ticket_id) if link else ("jira", seen.issue.id)
    draft = RequestDraft(
        source=source,
        ticket_id=ticket,
        department=department,
        origin="jira",
        text=seen.summary,
        asker_account=event.actor.account_id,
        topic=": ".join(part for part in (seen.type, seen.subtype) if part)[:255] or None,
        site=seen.issue.site,
        issue_id=seen.issue.id,
        issue_key=seen.issue.key,
        asked_at=event.occurred_at,
        reopened=asks,
    )
    ask_department(draft, desk)


def _named(event: IssueEvent, desk: Desk) -> set[str]:
    """Return the ids of departments whose component this change added, or whose assignee it set."""
    departments = desk.config.departments
    given = [departments.of_assignee(one.after) for one in event.changes if one.field == "assignee"]
    moved = event.changed("Key", "project")  # a move changes components by itself
    texts = [one.after_text for one in event.changes if one.field == "components" and one.after_text and not moved]
    return {one.id for one in (*given, *map(departments.of_component, texts)) if one}


def _opened_again(event: IssueEvent, desk: Desk) -> bool:
    """Return True when the issue was finished and is not any more."""
    changes = [one for one in event.changes if one.field == "status"]
    return any(desk.jira.reading.is_ending(event.issue, one.before, one.before_text) for one in changes)


def _touches_request(event: IssueEvent, desk: Desk) -> bool:
    """Return whether the change may tell which ticket the request in this issue belongs to."""
    known = event.type == "issue.updated" and concerns(event, desk)
    return known and desk.requests.of_issue(event.issue.site, event.issue.id) is not None


def _department(seen: IssueView, named: set[str], desk: Desk) -> Department | None:
    """Return the department that the change named, if the issue still names it; if it named none, the issue's own."""
    if not named:
        return desk.jira.requests.department_of(seen)
    return next((one for one in desk.jira.requests.departments_in(seen) if one.id in named), None)


def ask_by_link(event: IssueLinkEvent, desk: Desk) -> None:
    """A link of the configured type from a ticket's issue to a department's issue is a request (U-14)."""
    wanted = desk.config.departments.jira_link_type
    if event.type != "issuelink.created" or wanted is None or not is_named({"name": event.link_type}, wanted):
        return
    for mine, theirs in ((event.issue, event.other), (event.other, event.issue)):
        link = desk.jira.links.of_issue(mine)
        seen = desk.jira.reading.read(theirs) if link else None
        department = desk.jira.requests.department_of(seen) if seen else None
        if link and seen and department:
            place: dict[str, Any] = {"site": seen.issue.site, "issue_id": seen.issue.id, "issue_key": seen.issue.key}
            asker = event.actor.account_id if event.actor else None
            words: dict[str, Any] = {"origin": "jira", "text": seen.summary, "asker_account": asker}
            words["asked_at"] = event.occurred_at
            ask_department(RequestDraft(link.source, link.ticket_id, department, reopened=True, **words, **place), desk)
            return
