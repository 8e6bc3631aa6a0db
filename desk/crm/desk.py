"""What the bot does in WebCRM: notes to the agent, replies, the issue's key, closing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from desk.clock import machine_now
from desk.crm.client import SYSTEM
from desk.faults import AbsentError
from desk.gates import Refused
from desk.issues import Issue
from desk.journal import Done, Verb
from desk.sight import Place, seen_or_gone
from desk.tickets import TicketVerbs, Words
from events import TicketEvent
from store import links

CONFLICT = 409


@dataclass(frozen=True)
class CrmTicket:
    """What the bot wants to know of a ticket in WebCRM."""

    jira_key: str | None
    url: str | None


class CrmDesk(TicketVerbs):
    """The verbs that act in WebCRM. A message is internal unless it is said otherwise (W-19)."""

    source = SYSTEM
    closed = "Закрыт"

    def read(self, ticket_id: str) -> CrmTicket | None:
        """How a ticket stands in WebCRM now; None when there is none for certain (`desk.sight`), or no WebCRM."""
        try:
            crm = self._around.crm()
        except AbsentError:
            return None
        place = Place(SYSTEM, "WebCRM", crm.see_tickets, "check what its token may see")
        ticket = seen_or_gone(self._around, lambda: crm.ticket(ticket_id), lambda: place)
        return CrmTicket(ticket.get("jira_key"), ticket.get("url")) if ticket is not None else None

    def write_key(self, ticket_id: str, issue: Issue, *, why: str, carried: str | None = None) -> None:
        """Write the issue's key into the ticket, unless it stands there (W-64); `carried` is the key it carries."""
        verb = Verb(why, "write_key", ticket_id, intent=issue.key, possible=issue.real)

        def remember(connection: sa.Connection) -> None:
            links.key_written(connection, issue.site, issue.id, machine_now())

        def act() -> Done:
            with self._around.reading() as connection:
                link = links.of_issue(connection, issue.site, issue.id)
            if carried == issue.key or (link is not None and link.key_written_at and self._keeps_a_key(ticket_id)):
                return Done(outcome="unchanged", after=issue.key, also=remember)
            self._around.crm().update(ticket_id, {"jira_key": issue.key})
            return Done(before=carried, also=remember)

        self._around.journal.do(verb, act)

    def _keeps_a_key(self, ticket_id: str) -> bool:
        """False when somebody erased the key that was written; an event may be older than it."""
        ticket = self.read(ticket_id)
        return ticket is None or bool(ticket.jira_key)

    def clear_key(self, ticket_id: str, key: str, *, why: str) -> bool:
        """Erase the key of an issue that is no more, else the next closing names it; False: it carries another."""

        def act() -> Done:
            ticket = self.read(ticket_id)
            if ticket is None or ticket.jira_key != key:
                return Done(False, outcome="unchanged", before=ticket.jira_key if ticket else None)
            self._around.crm().update(ticket_id, {"jira_key": None})
            return Done(True, before=key)

        def find(_begun_at: datetime) -> Done | None:
            ticket = self.read(ticket_id)
            return Done(True, before=key) if ticket is not None and ticket.jira_key is None else None

        return bool(self._around.journal.do(Verb(why, "clear_key", ticket_id, intent=""), act, find))

    def close_ticket(self, event: TicketEvent, issue: Issue, *, why: str) -> None:
        """Finish the closing that the agent began (W-65); a ticket that is closed stays so."""
        ticket = event.ticket
        chosen = {"resolution": event.closing.resolution, "type": ticket.type, "subtype": ticket.subtype}
        self.close(ticket.id, chosen, possible=issue.real, why=why)

    def close(self, ticket_id: str, chosen: Mapping[str, object], *, possible: bool = True, why: str) -> None:
        """Close a ticket as its agent chose: resolution, type, subtype."""
        verb = Verb(why, "close_ticket", ticket_id, intent=chosen.get("resolution"), possible=possible)

        def act() -> Done:
            try:
                self._around.crm().close(ticket_id, _given(chosen), self._key(verb))
            except Refused as refused:
                if refused.trouble.status != CONFLICT:
                    raise
                return Done(outcome="unchanged", reason="the ticket is closed already")
            return Done()

        self._around.journal.do(verb, act)

    def _write(self, verb: Verb, ticket_id: str, words: Words) -> str:
        visibility = "public" if words.public else "internal"
        message = {"visibility": visibility, "text": words.text, "draft": words.draft}
        return self._around.crm().message(ticket_id, message, self._key(verb))

    def _find(self, ticket_id: str, words: Words) -> str | None:
        return None  # the idempotency key sees to it

    def _key(self, verb: Verb) -> str:
        """The same for every try of this verb of this delivery, and for no other."""
        return sha256(f"{self._around.label}\n{verb.why}\n{verb.name}\n{verb.target}".encode()).hexdigest()


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
