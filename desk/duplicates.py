"""Duplicates of a ticket: which other tickets ask the same question, and merging them (W-09…W-16, R-43, R-44)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa
from pydantic import ValidationError

from desk.actions import OWN, Action, Result
from desk.context import DeskContext
from desk.crm.desk import CrmDesk
from desk.faults import AbsentError, ActionFault
from desk.known_tickets import CLIENTS, known, known_by, names_another, plain
from desk.similarity import Similar, similar
from desk.tickets import Telling
from events import DuplicateEvent, Ticket, TicketEvent, load_event
from store import findings, known_tickets, merged_tickets, tickets
from store.findings import About
from store.known_tickets import KnownTicket
from store.merged_tickets import Merged

_EVENTS = 5  # latest events of another ticket that are searched for its last answer
Merge = Literal["merged", "kept", "stale", "taken"]


@dataclass(frozen=True)
class FoundDuplicates:
    """The tickets that ask the same question, most similar first; `merged` maps merged ones to their originals.

    Tickets that were merged into the ticket itself are left out.
    """

    similar: tuple[Similar, ...]
    merged: Mapping[str, str]

    @property
    def free(self) -> list[Similar]:
        """Tickets to which a client may be sent: those that were not merged into another one themselves."""
        return [one for one in self.similar if one.ticket.ticket_id not in self.merged]


class DuplicatesDesk:
    """The look-ups and actions for duplicates; only WebCRM tickets have duplicates."""

    def __init__(self, context: DeskContext, crm: CrmDesk) -> None:
        self._context = context
        self._crm = crm

    def known(self, event: TicketEvent) -> KnownTicket:
        """Return the ticket of an event, with everything that earlier events said about it."""
        return self.get(event.ticket.id) or known_by(event)

    def get(self, ticket_id: str | None) -> KnownTicket | None:
        """Return a ticket by its number as people write it; `None` if it is empty or the bot has not heard of it."""
        if not plain(ticket_id):
            return None
        with self._context.reading() as connection:
            return known_tickets.get(connection, self._crm.source, plain(ticket_id))

    def others(self, numbers: Iterable[str]) -> dict[str, KnownTicket | None]:
        """Return the tickets that the bot has heard of, by number; the others are left out."""
        found = {number: self.get(number) for number in numbers}
        return {number: one for number, one in found.items() if one is not None}

    def ask(self, number: str) -> dict[str, KnownTicket | None]:
        """Like `others` for one ticket, but ask the CRM if the bot has not heard of it.

        A value of `None` means that the CRM has no such ticket; an empty result means that nobody could tell.
        """
        heard = self.others([number])
        if heard:
            return heard
        try:
            row = self._crm.row(number)
        except (AbsentError, ActionFault):
            return {}  # it could not be asked, and nothing depends on the answer
        read = self._read(row) if row is not None else None
        return {number: read} if row is None or read is not None else {}

    def find(self, ticket: KnownTicket) -> FoundDuplicates:
        """Find other tickets of the same seller or client that ask the same question (W-11, W-12).

        Uses the events that the bot has received and the CRM's own list; if the list cannot be read, the events alone.
        """
        table = self._context.config.duplicates
        with self._context.reading() as connection:
            since = self._context.now - table.within
            heard = {one.ticket_id: one for one in known_tickets.others(connection, ticket, since, table.most)}
        listed, unread = self._listed(ticket)
        heard |= {one.ticket_id: _with_earlier(one, heard.get(one.ticket_id)) for one in listed}
        alike = similar(ticket, heard.values(), self._context.config)
        with self._context.reading() as connection:
            merged = merged_tickets.of_tickets(connection, ticket.source, [one.ticket.ticket_id for one in alike])
        self._record(ticket, alike, unread)
        others = (one for one in alike if merged.get(one.ticket.ticket_id) != ticket.ticket_id)
        return FoundDuplicates(tuple(others), merged)

    def _listed(self, ticket: KnownTicket) -> tuple[list[KnownTicket], str | None]:
        """Return the CRM's own list, or an empty one and why it could not be read: a failed search blocks no rule."""
        table = self._context.config.duplicates
        audience, _, party = (ticket.party or "").partition(":")
        if not table.crm_list or not party:
            return [], None
        try:
            rows = self._context.crm().tickets_of(audience, party, table.most)
        except AbsentError:
            return [], None
        except ActionFault as fault:
            return [], fault.reason
        found = [one for row in rows if (one := self._read(row)) is not None]
        return [one for one in found if one.party == ticket.party], None

    def _read(self, row: Mapping[str, object]) -> KnownTicket | None:
        """Return a ticket from the CRM's list; `None` if it is malformed."""
        try:
            ticket = Ticket.model_validate({name: value for name, value in row.items() if value is not None})
        except ValidationError:
            return None
        return known(self._crm.source, ticket, self._context.now, ticket.status)

    def _record(self, ticket: KnownTicket, alike: list[Similar], unread: str | None) -> None:
        """Record which tickets are similar and how much, and remember those that only the list contained."""
        seen = [one.ticket for one in alike]
        after = [f"{one.ticket.ticket_id} ({one.score:.0%})" for one in alike]

        def remember(connection: sa.Connection) -> None:
            known_tickets.remember(connection, seen, self._context.now)

        action = Action(OWN, "look_for_duplicates", ticket.ticket_id)
        self._context.actions.note(action, Result(after=after, reason=unread, rows=remember if seen else None))

    def merged_into(self, ticket: KnownTicket) -> Merged | None:
        """Return the merge of this ticket into another one, if there is one."""
        with self._context.reading() as connection:
            return merged_tickets.of_ticket(connection, ticket.source, ticket.ticket_id)

    def is_own(self, merged: Merged) -> bool:
        """Whether this delivery made the merge, in an earlier run that did not finish."""
        return merged.delivery == self._context.label

    def merge(self, ticket: KnownTicket, original: KnownTicket, *, why: str) -> Merge:
        """Merge a ticket into another one that the CRM says is in work now (W-13, W-14).

        `kept`: the rule's mode does not allow it. `stale`: nobody works on the other ticket any more. `taken`: this
        ticket is already merged, or the other one is merged into it.
        """
        action = Action(why, "merge_duplicate", ticket.ticket_id, intent=original.ticket_id)

        def act() -> Result:
            now = self._crm.read(original.ticket_id)
            if now is None or not self._context.config.duplicates.is_working(now.status):
                return Result(False, outcome="unchanged", reason=f"{original.ticket_id} is not in work any more")
            row = Merged(ticket.source, ticket.ticket_id, original.ticket_id, self._context.label)
            return Result(True, rows=lambda connection: merged_tickets.merge(connection, row, self._context.now))

        done = self._context.actions.do(action, act)
        if not done:
            return "kept" if done is None else "stale"
        if self._context.actions.is_dry:
            return "merged"  # there is no row to read
        merged = self.merged_into(ticket)
        mine = merged is not None and merged.original_id == original.ticket_id and self.is_own(merged)
        return "merged" if mine else "taken"

    def merge_text(self, number: str, own: str) -> str | None:
        """Return M-1 with a number; `None` if the number is empty or the ticket's own (W-15)."""
        return self._context.templates.note("m1", number=plain(number)) if names_another(number, own) else None

    def let_look(self, other: KnownTicket, at: KnownTicket) -> None:
        """Have a ticket that came in later checked for duplicates again: it may not have known of this one."""
        event = DuplicateEvent(
            type="duplicate.look", occurred_at=self._context.now, key=f"{other.ticket_id}:{at.ticket_id}",
            ticket_source=other.source, ticket_id=other.ticket_id, original=at.ticket_id,
        )  # fmt: skip
        action = Action(OWN, "let_look_for_duplicates", other.ticket_id)
        self._context.actions.write(action, lambda connection: self._context.post(connection, event))

    def reasons(self, found: Similar) -> list[str]:
        """Return in words why two tickets are similar."""
        return [self._context.templates.note("duplicate_reason", **one._asdict()) for one in found.reasons]

    def answer_in(self, other: KnownTicket) -> str | None:
        """Return the last public answer of an agent in another ticket, as far as the CRM's events contain one."""
        with self._context.reading() as connection:
            stored = tickets.last_events(connection, other.source, other.ticket_id, _EVENTS)
        for event in map(load_event, stored):
            said = event.ticket.messages if isinstance(event, TicketEvent) else ()
            ours = (one for one in reversed(said) if one.public and one.author.role not in (*CLIENTS, "bot", None))
            if (last := next(ours, None)) is not None and last.text.strip():
                return last.text
        return None

    def tell(self, ticket_id: str, finding: str, note: str, *, why: str, **values: object) -> bool:
        """Record a finding for the lead and, if the rule's mode allows it, tell the agent; each finding once.

        Returns False if another delivery has told it already.
        """
        about = About(self._crm.source, ticket_id, why, finding[: findings.LONGEST])
        with self._context.reading() as connection:
            if findings.told_by(connection, about) not in (None, self._context.label):
                return False
        text = self._context.templates.note(note, **values)
        action = Action(why, "find_duplicate", ticket_id, intent=text, is_warning=True)
        told = self._context.actions.note(action, Result(True, after=text, outcome="warned"))

        def keep(connection: sa.Connection) -> None:
            findings.add(connection, about, self._context.label, self._context.now)

        self._context.actions.write(Action(OWN, "remember_findings", ticket_id, intent=[why]), keep)
        if told:
            self._crm.tell(ticket_id, Telling(note, values, optional=True), why=OWN)
        return True


def _with_earlier(listed: KnownTicket, heard: KnownTicket | None) -> KnownTicket:
    """Return the ticket from the list, with its gaps filled from earlier events."""
    if heard is None:
        return listed
    gaps = {name: value for name, value in heard.__dict__.items() if getattr(listed, name) is None}
    return replace(listed, **gaps)
