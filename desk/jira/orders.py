"""The order for a new issue, and the values that the actions making issues share."""

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
SAID = "said"  # the mark that records what the third line was told


def label_of(source: str, ticket_id: str) -> str:
    """Return the label by which a ticket's issue is found."""
    return f"{source}-{ticket_id}"


@dataclass(frozen=True)
class Order:
    """The purpose and content of a new issue; `fields` have Jira's own names and are sent as they are.

    `decisive`: fields without which no issue is made. `instead_of`: the ticket's issue in another group's project,
    which the ticket moves on from.
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
        """Whether the link is to the issue that the ticket moves on from."""
        first = self.instead_of
        return first is not None and (link.site, link.issue_id) == (first.site, first.id)


def said_in(event: TicketEvent) -> str | None:
    """Return a hash of what a closing tells the third line, to recognise new content; `None` if it says nothing."""
    description = (event.closing.description or "").strip()
    if adf.is_blank(description):
        return None
    about = [description, match_key(event.ticket.type or ""), match_key(event.ticket.subtype or "")]
    return sha256("\n".join(about).encode()).hexdigest()


def made(issue: Issue, **how: Any) -> Result:
    """Return the result of an action that ends with an issue."""
    result = {name: getattr(issue, name) for name in ("site", "id", "key", "project", "new", "returned")}
    result |= {"lacks": dict(issue.lacks)} if issue.lacks else {}
    return Result(result, target=issue.key, after=issue.key, **how)


def issue_of(link: Link) -> Issue:
    """Return the issue of a link."""
    return Issue(link.site, link.issue_id, link.issue_key, link.issue_key.split("-")[0])
