"""The bot's actions in WebCRM: notes to the agent, replies, the issue's key, closing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from desk.actions import Action, Result, Rows
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.crm.client import SYSTEM
from desk.crm.reading import messages_in
from desk.faults import AbsentError
from desk.issues import Issue
from desk.sight import Place, seen_or_gone
from desk.tickets import Stop, TicketVerbs, Words
from events import Message, TicketEvent
from events.untrusted import part, text
from store import escalations, links

CONFLICT = 409
AGENTS = ("agent", "operator", "employee")


@dataclass(frozen=True)
class CrmTicket:
    """The part of a WebCRM ticket that the bot uses."""

    jira_key: str | None
    url: str | None
    status: str | None = None
    escalated_to: str | None = None  # the reason chosen for the escalation
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True)
class HandingOn:
    """How a ticket is escalated: the reason to choose, and the comment for whoever gets it (E-55, E-56).

    `also` is written together with the action's end. `chosen`: further values to set (W-30, W-31).
    """

    reason: str
    comment: str | None
    also: Callable[[sa.Connection], None] | None = field(default=None, compare=False)
    chosen: Mapping[str, object] = field(default_factory=dict)


class CrmDesk(TicketVerbs):
    """The actions in WebCRM. A message is internal unless it says otherwise (W-19)."""

    source = SYSTEM
    has_files = True
    closed = "Закрыт"
    escalated = "Эскалирован"  # until somebody of the other line takes it

    def read(self, ticket_id: str) -> CrmTicket | None:
        """Return a ticket as it is in WebCRM now; `None` if it certainly does not exist, or without WebCRM."""
        try:
            ticket = self.row(ticket_id)
        except AbsentError:
            return None
        if ticket is None:
            return None
        escalated_to = text(part(ticket.get("escalation")).get("reason"))
        status, said = text(ticket.get("status")), messages_in(ticket)
        return CrmTicket(ticket.get("jira_key"), ticket.get("url"), status, escalated_to, said)

    def row(self, ticket_id: str) -> dict[str, Any] | None:
        """Return WebCRM's current answer for a ticket; `None` if it certainly does not exist. Raises `AbsentError`."""
        crm = self._context.crm()
        place = Place(SYSTEM, "WebCRM", crm.see_tickets, "check what its token may see")
        return seen_or_gone(self._context, lambda: crm.ticket(ticket_id), lambda: place)

    def is_over(self, ticket_id: str) -> bool:
        """Whether nobody works on a ticket here any more: it is closed, escalated, or does not exist."""
        ticket = self.read(ticket_id)
        return ticket is None or ticket.status in (self.closed, self.escalated)

    def write_key(self, ticket_id: str, issue: Issue, *, why: str, carried: str | None = None) -> None:
        """Write the issue's key into the ticket, unless it is there (W-64); `carried` is the key in the event."""
        action = Action(why, "write_key", ticket_id, intent=issue.key, possible=issue.real)

        def remember(connection: sa.Connection) -> None:
            links.key_written(connection, issue.site, issue.id, machine_now())

        def act() -> Result:
            with self._context.reading() as connection:
                link = links.of_issue(connection, issue.site, issue.id)
            if carried == issue.key or (link is not None and link.key_written_at and self._keeps_a_key(ticket_id)):
                return Result(outcome="unchanged", after=issue.key, rows=remember)
            self._context.crm().update(ticket_id, {"jira_key": issue.key})
            return Result(before=carried, rows=remember)

        self._context.actions.do(action, act)

    def _keeps_a_key(self, ticket_id: str) -> bool:
        """False if somebody erased the written key. The event may be older than the key, so the ticket is read."""
        ticket = self.read(ticket_id)
        return ticket is None or bool(ticket.jira_key)

    def clear_key(self, ticket_id: str, key: str, *, why: str) -> bool:
        """Erase the key of an issue that no longer exists, so that the next closing does not name it.

        Returns False if the ticket has another key.
        """

        def act() -> Result:
            ticket = self.read(ticket_id)
            if ticket is None or ticket.jira_key != key:
                return Result(False, outcome="unchanged", before=ticket.jira_key if ticket else None)
            self._context.crm().update(ticket_id, {"jira_key": None})
            return Result(True, before=key)

        def find(_begun_at: datetime) -> Result | None:
            ticket = self.read(ticket_id)
            return Result(True, before=key) if ticket is not None and ticket.jira_key is None else None

        return bool(self._context.actions.do(Action(why, "clear_key", ticket_id, intent=""), act, find))

    def close_ticket(self, event: TicketEvent, issue: Issue, *, why: str) -> None:
        """Finish the closing that the agent began (W-65); a closed ticket stays closed."""
        ticket = event.ticket
        chosen = {"resolution": event.closing.resolution, "type": ticket.type, "subtype": ticket.subtype}
        self.close(ticket.id, chosen, possible=issue.real, why=why)

    def close(self, ticket_id: str, chosen: Mapping[str, object], *, possible: bool = True, why: str) -> None:
        """Close a ticket with its agent's choices: resolution, type, subtype."""
        action = Action(why, "close_ticket", ticket_id, intent=chosen.get("resolution"), possible=possible)

        def act() -> Result:
            try:
                self._context.crm().close(ticket_id, _given(chosen), self._key(action))
            except Refused as refused:
                if refused.trouble.status != CONFLICT:
                    raise
                return Result(outcome="unchanged", reason="the ticket is closed already")
            return Result()

        self._context.actions.do(action, act)

    def escalate(self, ticket_id: str, given: HandingOn, *, why: str) -> bool:
        """Escalate a ticket; return whether the line has it. A closed one, or one with another line, is left alone."""

        def stands() -> Result | None:
            ticket = self.read(ticket_id)
            if ticket is not None and ticket.escalated_to == given.reason:
                return Result(True, outcome="unchanged", reason="it is with this line already", rows=given.also)
            if ticket is None or ticket.status in (self.closed, self.escalated):
                return Result(False, outcome="unchanged", reason="somebody has closed it, or handed it on")
            return None

        def act() -> Result:
            body = _given({"reason": given.reason, "comment": given.comment, **given.chosen})
            try:
                self._context.crm().escalate(ticket_id, body, self._key(action))
            except Refused as refused:
                if refused.trouble.status != CONFLICT:
                    raise
                return Result(False, outcome="unchanged", reason="the ticket is closed already")
            return Result(True, rows=given.also)

        action = Action(why, "escalate_ticket", ticket_id, intent=given.reason, already=stands)
        return bool(self._context.actions.do(action, act))

    def comment(self, ticket_id: str, name: str, *, why: str, **values: object) -> bool:
        """Write the agent's comment for colleagues; return whether it was written."""
        text = self._context.templates.note(name, **values)
        action = Action(why, "write_comment", ticket_id, intent=text)
        return self._say(action, ticket_id, Words(text), lambda message: Result({"id": message}))

    def draft_comment(self, ticket_id: str, text: str, *, also: Rows, unless: Stop, why: str) -> None:
        """Write a comment for colleagues as a draft that the agent completes and sends."""
        action = Action(why, "draft_comment", ticket_id, intent=text, already=unless)
        words = Words(text, draft=True)
        self._say(action, ticket_id, words, lambda message: Result({"id": message}, rows=also))

    def has_answered(self, ticket_id: str, since: datetime) -> bool:
        """Whether an agent has written a public message since a moment."""
        ticket = self.read(ticket_id)
        written = [one for one in ticket.messages if one.public and one.author.role in AGENTS] if ticket else []
        return any(one.at is not None and one.at >= since for one in written)

    def _silent(self, ticket_id: str) -> str | None:
        """A client whose chat goes to another line gets no message from this one (E-03, E-04, E-43)."""
        if self._context.config.rules.mode("E-03") == "off":
            return None
        with self._context.reading() as connection:
            found = escalations.newest(connection, SYSTEM, ticket_id)
        return "the chat goes to another line, silently (E-03)" if found and found.ended_at is None else None

    def _write(self, action: Action, ticket_id: str, words: Words) -> str:
        visibility = "public" if words.public else "internal"
        message = {"visibility": visibility, "text": words.text, "draft": words.draft}
        return self._context.crm().message(ticket_id, message, self._key(action))

    def _find(self, ticket_id: str, words: Words) -> str | None:
        return None  # the idempotency key prevents a second message

    def _key(self, action: Action) -> str:
        """Return an idempotency key: the same for every try of this action of this delivery, and for no other."""
        return sha256(f"{self._context.label}\n{action.why}\n{action.name}\n{action.target}".encode()).hexdigest()


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
