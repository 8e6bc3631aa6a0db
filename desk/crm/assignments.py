"""Whose tickets are in WebCRM, and what status an agent has, for the checks of how agents work (W-05…W-08, R-54)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from desk.actions import OWN, Action
from desk.context import DeskContext
from desk.crm.client import SYSTEM
from store import agents, assignments

NEWEST = 3  # tickets of an agent that are looked at; there should be one


class AssignmentsDesk:
    """What the checks must know and keep."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def keep(self, ticket_id: str, agent_id: str, assigned_at: datetime) -> None:
        """Keep whose a ticket is: the bot's own doing, what is found by it the rules' modes decide about."""

        def keep(connection: sa.Connection) -> None:
            assignments.keep(connection, SYSTEM, ticket_id, agent_id, assigned_at)

        self._context.actions.write(Action(OWN, "keep_assignment", ticket_id, intent=assigned_at.isoformat()), keep)

    def end(self, ticket_id: str) -> None:
        """A ticket is nobody's any more."""
        with self._context.reading() as connection:
            kept = assignments.is_kept(connection, SYSTEM, ticket_id)
        if kept:
            rows = Action(OWN, "end_assignment", ticket_id)
            self._context.actions.write(rows, lambda connection: assignments.end(connection, SYSTEM, ticket_id))

    def of_agent(self, agent_id: str) -> Sequence[tuple[str, datetime]]:
        """An agent's newest tickets that nobody told the end of, each with the moment at which it was given."""
        with self._context.reading() as connection:
            return assignments.of_agent(connection, SYSTEM, agent_id, NEWEST)

    def status(self, agent_id: str) -> tuple[str, datetime] | None:
        """The status that an agent has, and since when; None: nobody told."""
        with self._context.reading() as connection:
            return agents.status_since(connection, SYSTEM, agent_id)
