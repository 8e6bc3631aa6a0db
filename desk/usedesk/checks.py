"""What the checks of Usedesk's tickets do: tell an agent once, look again later; and what they must know for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from desk.holds import Hold
from desk.journal import Done, Verb
from desk.surroundings import Surroundings
from desk.tickets import Words
from desk.usedesk.client import SYSTEM
from desk.usedesk.comments import Comments
from desk.usedesk.reading import Reading
from events import TicketEvent
from store import findings, holds, links, requests
from store.findings import About, Watch
from store.links import Link
from store.requests import Request

__all__ = ["ChecksDesk", "Other", "Watch"]
OWN = "own"  # the bot's own duty, as in `desk.py`
SUBJECT = 80  # characters of a subject in a list
OTHERS = ("new", "open", "on_hold", "waiting_client")  # what is still at work


@dataclass(frozen=True)
class Other:
    """Another ticket of the same client, that is still at work."""

    id: str
    subject: str


class ChecksDesk:
    """The verbs and look-ups of the checks (U-02…U-17). Each finding of a rule in a ticket is told once."""

    source = SYSTEM

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._reading = Reading(around)
        self._comments = Comments(around)

    def concerns(self, event: TicketEvent) -> bool:
        """Whether a ticket is a client's in Usedesk: the manual's rules are not for a department's tickets."""
        if event.source != SYSTEM or ":" in (event.ticket.external_id or ""):
            return False
        with self._around.reading() as connection:
            return requests.of_dept_ticket(connection, SYSTEM, event.ticket.id) is None

    def others(self, client_id: str, but: str) -> list[Other]:
        """The client's other tickets that are still at work (U-03), at most a page of them."""
        found = self._reading.of_client(client_id, OTHERS)
        return [Other(one.id, " ".join(one.subject.split())[:SUBJECT]) for one in found if one.id != but]

    def requests(self, ticket_id: str) -> list[Request]:
        """All requests to departments of a ticket, the oldest first."""
        with self._around.reading() as connection:
            return requests.of_ticket(connection, SYSTEM, ticket_id)

    def open_requests(self, ticket_id: str) -> list[Request]:
        """Those that wait for an answer."""
        return [one for one in self.requests(ticket_id) if one.state == requests.OPEN]

    def outcome_categories(self, ticket_id: str) -> list[str]:
        """The categories that the ticket's outcomes ask for (U-07): its issues' projects, its requests' departments."""
        table = self._around.config.usedesk.outcomes
        with self._around.reading() as connection:
            keys = [link.issue_key for link in links.all_of_ticket(connection, SYSTEM, ticket_id)]
        projects = [table.projects[name] for key in keys if (name := key.split("-")[0]) in table.projects]
        departments = [one.department.split(":")[0] for one in self.requests(ticket_id)]
        return projects + [table.departments[name] for name in departments if name in table.departments]

    def name_of(self, department: str) -> str:
        """What people call a department."""
        found = self._around.config.departments.find(department)
        return found.name if found else department

    def tell(self, ticket_id: str, finding: str, note: str, *, why: str, **values: object) -> None:
        """Tell the agents of a ticket what a rule found, by the private note `note`: once for each finding."""
        about = About(SYSTEM, ticket_id, why, finding[: findings.LONGEST])
        if self.was_told(ticket_id, finding, why):
            return
        text = self._around.templates.note(note, **values)
        verb, words = Verb(why, f"note_{note}", ticket_id, intent=text, is_warning=True), Words(text)

        def done(number: str) -> Done:
            return Done(
                {"id": number},
                also=lambda connection: findings.found(connection, about, self._around.label, self._around.now),
            )

        def find(_begun_at: datetime) -> Done | None:
            number = self._comments.find(ticket_id, words)
            return done(number) if number else None

        self._around.journal.do(verb, lambda: done(self._comments.write(ticket_id, words)), find)

    def was_told(self, ticket_id: str, finding: str, rule: str) -> bool:
        """Whether another delivery has told this finding already."""
        about = About(SYSTEM, ticket_id, rule, finding[: findings.LONGEST])
        with self._around.reading() as connection:
            return findings.found_by(connection, about) not in (None, self._around.label)

    def agree(self, ticket_id: str, part: str, *, why: str) -> bool:
        """Whether the rule's mode lets its part stand in a note (U-03, U-04, U-34…U-36)."""
        verb = Verb(why, "add_to_checklist", ticket_id, intent=part, is_warning=True)
        return bool(self._around.journal.do(verb, lambda: Done(result=True)))

    def watch(self, ticket_id: str, rule: str, delay: timedelta, **more: object) -> None:
        """Look at a ticket again by a rule after a while; `more`: `since`, `agent_id`, `subject`.

        The bot's own doing: what is found then is what the rule's mode decides about. One at a time goes on.
        """
        now = self._around.now
        values = {"since": now, **more, "source": SYSTEM, "ticket_id": ticket_id, "rule": rule, "due_at": now + delay}

        def begin(connection: sa.Connection) -> None:
            findings.begin(connection, values, now)

        self._around.journal.do(Verb(OWN, "watch", ticket_id, intent=rule), lambda: Done(also=begin))

    def get_watch(self, number: int) -> Watch | None:
        """A watch by its number, open or ended."""
        with self._around.reading() as connection:
            return findings.get(connection, number)

    def watched(self, ticket_id: str, rule: str) -> Watch | None:
        """The open watch of a ticket by a rule."""
        with self._around.reading() as connection:
            return findings.open_of_ticket(connection, SYSTEM, ticket_id, rule)

    def end_watch(self, watch: Watch) -> None:
        """What was watched for is settled."""

        def end(connection: sa.Connection) -> None:
            findings.end(connection, watch.id, self._around.now)

        verb = Verb(OWN, "end_watch", watch.ticket_id, intent=watch.rule)
        self._around.journal.do(verb, lambda: Done(also=end))

    def keep_status(self, link: Link, status: str) -> None:
        """Remember the status of a ticket's issue."""

        def keep(connection: sa.Connection) -> None:
            links.keep_status(connection, link.site, link.issue_id, status)

        verb = Verb(OWN, "remember_status", link.issue_key, intent=status)
        self._around.journal.do(verb, lambda: Done(before=link.status, also=keep))

    def mind_clock(self, hold: Hold, *, why: str) -> None:
        """A further question: the hold's clock goes on, or by the setting begins anew (U-13)."""
        if self._around.config.usedesk.keep_clock:
            verb = Verb(why, "keep_clock", hold.ticket_id, intent=hold.due_at.isoformat())
            self._around.journal.do(verb, lambda: Done(outcome="unchanged", after=hold.due_at.isoformat()))
            return
        due = self._around.now + self._around.config.holds.due.client

        def restart(connection: sa.Connection) -> None:
            holds.postpone(connection, hold.id, due, self._around.now)

        verb = Verb(why, "restart_clock", hold.ticket_id, intent=due.isoformat())
        self._around.journal.do(verb, lambda: Done(before=hold.due_at.isoformat(), also=restart))
