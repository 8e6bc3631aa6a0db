"""Assigned tickets and agents' statuses in WebCRM, for the checks of how agents work (W-05…W-08, R-54)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from desk.actions import OWN, Action
from desk.context import DeskContext
from desk.crm.client import SYSTEM
from store import agents, assignments

NEWEST = 3  # tickets of an agent that are read; there should be one


class AssignmentsDesk:
    """Records and look-ups for the checks."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def keep(self, ticket_id: str, agent_id: str, assigned_at: datetime) -> None:
        """Record whose ticket it is; always done, since the rules' modes apply only to what the checks find."""

        def keep(connection: sa.Connection) -> None:
            assignments.keep(connection, SYSTEM, ticket_id, agent_id, assigned_at)

        self._context.actions.write(Action(OWN, "keep_assignment", ticket_id, intent=assigned_at.isoformat()), keep)

    def end(self, ticket_id: str) -> None:
        """Record that a ticket is no longer assigned to anybody."""
        with self._context.reading() as connection:
            kept = assignments.is_kept(connection, SYSTEM, ticket_id)
        if kept:
            rows = Action(OWN, "end_assignment", ticket_id)
            self._context.actions.write(rows, lambda connection: assignments.end(connection, SYSTEM, ticket_id))

    def of_agent(self, agent_id: str) -> Sequence[tuple[str, datetime]]:
        """Return an agent's newest tickets whose end was not reported, each with the time of its assignment."""
        with self._context.reading() as connection:
            return assignments.of_agent(connection, SYSTEM, agent_id, NEWEST)

    def status(self, agent_id: str) -> tuple[str, datetime] | None:
        """Return an agent's status, and since when; `None` if it was never reported."""
        with self._context.reading() as connection:
            return agents.status_since(connection, SYSTEM, agent_id)
