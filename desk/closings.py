"""Findings about closings: each is recorded and told once, according to its rule's mode (R-53)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from desk.actions import OWN, Action, Result
from desk.context import DeskContext
from desk.crm.desk import CrmDesk
from desk.tickets import Telling
from events import TicketEvent
from store import findings, lost_tickets
from store.findings import About
from store.lost_tickets import Lost

Occasion = Literal["closing", "chat"]


@dataclass(frozen=True)
class Finding:
    """A rule that a closing breaks, with the words for the agent: what is wrong, and what to do instead."""

    rule: str
    text: str
    suggest: str


class ClosingsDesk:
    """Findings about closings, for the lead's page and, depending on the mode, for the agent."""

    def __init__(self, context: DeskContext, crm: CrmDesk) -> None:
        self._context = context
        self._crm = crm

    def tell(self, ticket_id: str, closing: str, found: Sequence[Finding], *, of: Occasion = "closing") -> None:
        """Record the broken rules and tell the agent, in one note, about those whose modes allow it.

        `closing` identifies this closing of the ticket (for `of="chat"`, the message or line of the chat): a CRM
        reports a closing twice, before the button is pressed and after.
        """
        new = [one for one in found if not self._is_known(ticket_id, closing, one.rule)]
        if not new:
            return
        told = [one for one in new if self._agrees(ticket_id, one, of)]
        self._remember(ticket_id, closing, [one.rule for one in new])
        if told:
            lines = [{"rule": one.rule, "text": one.text, "suggest": one.suggest} for one in told]
            telling = Telling(f"{of}_findings", {"findings": lines}, optional=True)
            self._crm.tell(ticket_id, telling, why=OWN)

    def lose(self, event: TicketEvent) -> None:
        """Put a ticket that was closed without a next step on the lead's board (R-46)."""
        ticket = event.ticket
        topic = ": ".join(name for name in (ticket.type, ticket.subtype) if name) or None
        about = (self._crm.source, ticket.id, event.agent.id, topic and topic[:400], self._context.now)
        action = Action(OWN, "lose_ticket", ticket.id)
        self._context.actions.write(action, lambda rows: lost_tickets.lose(rows, Lost(*about), self._context.label))

    def _agrees(self, ticket_id: str, found: Finding, of: Occasion) -> bool:
        """Record the finding, which a lead sees in any case; return whether its rule's mode lets the agent be told."""
        action = Action(found.rule, f"find_in_{of}", ticket_id, intent=found.text, is_warning=True)
        return bool(self._context.actions.note(action, Result(True, after=found.text, outcome="warned")))

    def _is_known(self, ticket_id: str, closing: str, rule: str) -> bool:
        with self._context.reading() as connection:
            return findings.told_by(connection, self._about(ticket_id, closing, rule)) not in (
                None, self._context.label,
            )  # fmt: skip

    def _remember(self, ticket_id: str, closing: str, rules: Sequence[str]) -> None:
        def keep(connection: sa.Connection) -> None:
            for rule in rules:
                about = self._about(ticket_id, closing, rule)
                findings.add(connection, about, self._context.label, self._context.now)

        self._context.actions.write(Action(OWN, "remember_findings", ticket_id, intent=list(rules)), keep)

    def _about(self, ticket_id: str, closing: str, rule: str) -> About:
        return About(self._crm.source, ticket_id, rule, closing[: findings.LONGEST])
