"""What the checks of Usedesk tickets do: tell an agent once, check again later; and the look-ups they need."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from desk.actions import OWN, Action, Result
from desk.context import DeskContext
from desk.holds import Hold
from desk.tickets import Words
from desk.usedesk.client import SYSTEM
from desk.usedesk.comments import Comments
from desk.usedesk.reading import UsedeskReading
from desk.watches import Watches
from events import TicketEvent
from store import holds, links, requests
from store.findings import Watch
from store.links import Link
from store.requests import Request

__all__ = ["ChecksDesk", "Other", "Watch"]
SUBJECT = 80  # characters of a subject in a list
OTHERS = ("new", "open", "on_hold", "waiting_client")  # still in work


@dataclass(frozen=True)
class Other:
    """Another ticket of the same client that is still in work."""

    id: str
    subject: str


class ChecksDesk(Watches):
    """The actions and look-ups of the checks (U-02…U-17). Each finding of a rule in a ticket is told once."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context, SYSTEM)
        self._reading = UsedeskReading(context)
        self._comments = Comments(context)

    def concerns(self, event: TicketEvent) -> bool:
        """Whether a ticket is a client's in Usedesk: the manual's rules do not apply to a department's tickets."""
        if event.source != SYSTEM or ":" in (event.ticket.external_id or ""):
            return False
        with self._context.reading() as connection:
            return requests.of_dept_ticket(connection, SYSTEM, event.ticket.id) is None

    def others(self, client_id: str, but: str) -> list[Other]:
        """Return the client's other tickets that are still in work (U-03), at most one page of them."""
        found = self._reading.of_client(client_id, OTHERS)
        return [Other(one.id, " ".join(one.subject.split())[:SUBJECT]) for one in found if one.id != but]

    def requests(self, ticket_id: str) -> list[Request]:
        """Return all requests to departments of a ticket, oldest first."""
        with self._context.reading() as connection:
            return requests.of_ticket(connection, SYSTEM, ticket_id)

    def open_requests(self, ticket_id: str) -> list[Request]:
        """Return the requests that wait for an answer."""
        return [one for one in self.requests(ticket_id) if one.state == requests.OPEN]

    def outcome_categories(self, ticket_id: str) -> list[str]:
        """Return the categories that the ticket's outcomes require (U-07), by the projects and departments asked."""
        table = self._context.config.usedesk.outcomes
        with self._context.reading() as connection:
            keys = [link.issue_key for link in links.all_of_ticket(connection, SYSTEM, ticket_id)]
        projects = [table.projects[name] for key in keys if (name := key.split("-")[0]) in table.projects]
        departments = [one.department.split(":")[0] for one in self.requests(ticket_id)]
        return projects + [table.departments[name] for name in departments if name in table.departments]

    def name_of(self, department: str) -> str:
        """Return a department's name for people."""
        found = self._context.config.departments.find(department)
        return found.name if found else department

    def tell(self, ticket_id: str, finding: str, note: str, *, why: str, **values: object) -> None:
        """Tell the agents of a ticket what a rule found, with the private note `note`: once for each finding."""
        if self.was_told(ticket_id, finding, why):
            return
        text = self._context.templates.note(note, **values)
        action, words = Action(why, f"note_{note}", ticket_id, intent=text, is_warning=True), Words(text)

        def told(number: str) -> Result:
            return Result(
                {"id": number}, rows=lambda connection: self.keep_finding(connection, ticket_id, finding, why)
            )

        self._context.actions.do(
            action,
            lambda: self._comments.write(ticket_id, words),
            lambda _: self._comments.find(ticket_id, words),
            told,
        )

    def agree(self, ticket_id: str, part: str, *, why: str) -> bool:
        """Whether the rule's mode allows its part in a note (U-03, U-04, U-34…U-36)."""
        action = Action(why, "add_to_checklist", ticket_id, intent=part, is_warning=True)
        return bool(self._context.actions.note(action, Result(True)))

    def keep_status(self, link: Link, status: str) -> None:
        """Record the status of a ticket's issue."""

        def keep(connection: sa.Connection) -> None:
            links.keep_status(connection, link.site, link.issue_id, status)

        action = Action(OWN, "remember_status", link.issue_key, intent=status, before=link.status)
        self._context.actions.write(action, keep)

    def adjust_deadline(self, hold: Hold, *, why: str) -> None:
        """Handle a further question: the hold's clock continues, or starts over if so configured (U-13)."""
        if self._context.config.usedesk.keep_clock:
            action = Action(why, "keep_clock", hold.ticket_id, intent=hold.due_at.isoformat())
            self._context.actions.note(action, Result(outcome="unchanged", after=hold.due_at.isoformat()))
            return
        due = self._context.now + self._context.config.holds.due.client

        def restart(connection: sa.Connection) -> None:
            holds.postpone(connection, hold.id, due, self._context.now)

        action = Action(why, "restart_clock", hold.ticket_id, intent=due.isoformat(), before=hold.due_at.isoformat())
        self._context.actions.write(action, restart)
