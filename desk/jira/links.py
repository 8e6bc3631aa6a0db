"""Links between tickets and issues."""

from __future__ import annotations

import sqlalchemy as sa

from desk.actions import Action, Result
from desk.clock import machine_now
from desk.context import DeskContext
from desk.issues import Issue, TicketRef
from desk.jira.orders import label_of
from desk.jira.reading import JiraReading
from events import IssueRef
from store import links
from store.links import Link


class JiraLinks:
    """The actions on links, and their look-ups."""

    def __init__(self, context: DeskContext, reading: JiraReading) -> None:
        self._context = context
        self._config = context.config
        self._reading = reading

    def of_ticket(self, source: str, ticket_id: str, purpose: str | None = None) -> Link | None:
        """Return the ticket's link with this purpose, or the latest one if no purpose is given."""
        with self._context.reading() as connection:
            return links.of_ticket(connection, source, ticket_id, purpose)

    def all_of_ticket(self, source: str, ticket_id: str) -> list[Link]:
        """Return all links of a ticket, oldest first, including those of holds and of former groups."""
        with self._context.reading() as connection:
            return links.all_of_ticket(connection, source, ticket_id)

    def keys_of_ticket(self, source: str, ticket_id: str) -> list[str]:
        """Return the keys of all issues of a ticket, including those of its holds."""
        return [link.issue_key for link in self.all_of_ticket(source, ticket_id)]

    def of_issue(self, issue: Issue | IssueRef) -> Link | None:
        """Return the link of an issue to its ticket."""
        with self._context.reading() as connection:
            return links.of_issue(connection, issue.site, issue.id)

    def is_there(self, link: Link) -> bool:
        """Whether a ticket's issue still exists; the link of an issue that is gone is removed."""
        if self._reading.read_at(link.site, link.issue_id, link.issue_key.split("-")[0]) is not None:
            return True
        self._context.actions.record(
            lambda connection: links.forget(connection, link.site, link.issue_id, machine_now())
        )
        return False

    def add(self, issue: Issue, of: TicketRef, *, why: str) -> bool:
        """Link an issue that a person made to a ticket; False if either is already linked."""
        action = Action(why, "link_ticket", issue.key, intent=label_of(of.source, of.id))
        type_id = self._config.categories.type_id(of.type)
        link = Link(of.source, of.id, "escalation", issue.site, issue.id, issue.key, made_by_bot=False, type_id=type_id)

        def rows(connection: sa.Connection) -> Result:
            if of.passed_on:
                links.pass_on(connection, link, machine_now())
            try:
                links.add(connection, link, machine_now())
            except links.LinkTakenError as taken:
                return Result(False, outcome="refused", reason=f"taken: {taken}")
            return Result(True)

        return bool(self._context.actions.write(action, rows))

    def forget(self, ref: IssueRef, *, why: str) -> None:
        """Remove the link of an issue that was deleted."""

        action = Action(why, "forget_issue", ref.key or ref.id)
        self._context.actions.write(action, lambda rows: links.forget(rows, ref.site, ref.id, machine_now()))

    def rename(self, ref: IssueRef, key: str, *, why: str) -> None:
        """Record the new key of an issue that was moved; the ticket does not have it yet."""

        action = Action(why, "rename_issue", key)
        self._context.actions.write(action, lambda rows: links.rename(rows, ref.site, ref.id, key))
