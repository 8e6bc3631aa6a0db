"""What an issue is made of, and how one is spoken of by those that make it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from config.names import match_key
from desk import adf
from desk.actions import Result
from desk.issues import Chosen, Issue
from desk.templates.files import RenderedIssue
from events import TicketEvent
from store.links import Link

ESCALATION = "escalation"
SECOND = "create_second_issue"  # the action that makes another group's issue
SAID = "said"  # the mark of what the third line was told


def label_of(source: str, ticket_id: str) -> str:
    """The label by which an issue of a ticket is found."""
    return f"{source}-{ticket_id}"


@dataclass(frozen=True)
class Order:
    """What an issue is made for and of; `fields` are Jira's own names and go in as they are.

    `decisive`: those without which there is nothing to be made. `instead_of`: the ticket's issue in another group's
    project, which the ticket goes on from.
    """

    purpose: str
    project: str
    text: RenderedIssue
    components: Chosen = field(default_factory=lambda: Chosen({}))
    labels: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    decisive: Collection[str] = ()
    instead_of: Issue | None = None

    def replaces(self, link: Link) -> bool:
        """Whether this is the issue that the ticket goes on from."""
        first = self.instead_of
        return first is not None and (link.site, link.issue_id) == (first.site, first.id)


def said_in(event: TicketEvent) -> str | None:
    """What a closing tells the third line, so that a later one can be told from it; None: nothing in as many words."""
    description = (event.closing.description or "").strip()
    if adf.is_blank(description):
        return None
    about = [description, match_key(event.ticket.type or ""), match_key(event.ticket.subtype or "")]
    return sha256("\n".join(about).encode()).hexdigest()


def made(issue: Issue, **how: Any) -> Result:
    """The end of an action whose result is an issue."""
    result = {name: getattr(issue, name) for name in ("site", "id", "key", "project", "new", "returned")}
    result |= {"lacks": dict(issue.lacks)} if issue.lacks else {}
    return Result(result, target=issue.key, after=issue.key, **how)


def issue_of(link: Link) -> Issue:
    """The issue of a link."""
    return Issue(link.site, link.issue_id, link.issue_key, link.issue_key.split("-")[0])
