"""Tickets of one CRM that are checked again later, and what their agents were told: each finding of a rule once."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from desk.actions import OWN, Action
from desk.context import DeskContext
from store import findings
from store.findings import About, Watch

__all__ = ["OWN", "Watch", "Watches"]


class Watches:
    """The watches and findings of the tickets of `source`."""

    def __init__(self, context: DeskContext, source: str) -> None:
        self._context = context
        self.source = source

    def watch(self, ticket_id: str, rule: str, delay: timedelta, **more: object) -> None:
        """Check a ticket again for a rule after `delay`; `more`: `since`, `agent_id`, `subject`.

        Always done: the rule's mode applies only to what the check finds. An open watch of the rule continues instead.
        """
        now = self._context.now
        due = {"source": self.source, "ticket_id": ticket_id, "rule": rule, "due_at": now + delay}

        def begin(connection: sa.Connection) -> None:
            findings.begin(connection, {"since": now, **more, **due}, now)

        self._context.actions.write(Action(OWN, "watch", ticket_id, intent=rule), begin)

    def watch_anew(self, ticket_id: str, rule: str, since: datetime, delay: timedelta, **more: object) -> None:
        """Check a ticket a while after `since`, in place of an open watch that began earlier."""
        now = self._context.now
        values = {**more, "source": self.source, "ticket_id": ticket_id, "rule": rule, "since": since}

        def begin(connection: sa.Connection) -> None:
            open_one = findings.open_of_ticket(connection, self.source, ticket_id, rule)
            if open_one is not None and open_one.since < since:
                findings.end(connection, open_one.id, now)
            findings.begin(connection, {**values, "due_at": since + delay}, now)

        self._context.actions.write(Action(OWN, "watch", ticket_id, intent=rule), begin)

    def get_watch(self, number: int) -> Watch | None:
        """Return a watch by its number, open or ended."""
        with self._context.reading() as connection:
            return findings.get(connection, number)

    def watched(self, ticket_id: str, rule: str) -> Watch | None:
        """Return the open watch of a ticket for a rule."""
        with self._context.reading() as connection:
            return findings.open_of_ticket(connection, self.source, ticket_id, rule)

    def end_watch(self, watch: Watch) -> None:
        """End a watch whose question is settled."""

        def end(connection: sa.Connection) -> None:
            findings.end(connection, watch.id, self._context.now)

        action = Action(OWN, "end_watch", watch.ticket_id, intent=watch.rule)
        self._context.actions.write(action, end)

    def was_told(self, ticket_id: str, finding: str, rule: str) -> bool:
        """Whether another delivery has already told the agent about this finding."""
        with self._context.reading() as connection:
            told_by = findings.told_by(connection, self._about(ticket_id, finding, rule))
        return told_by not in (None, self._context.label)

    def keep_finding(self, connection: sa.Connection, ticket_id: str, finding: str, rule: str) -> None:
        """Record that a finding was told, in the transaction that ends the telling."""
        about = self._about(ticket_id, finding, rule)
        findings.add(connection, about, self._context.label, self._context.now)

    def _about(self, ticket_id: str, finding: str, rule: str) -> About:
        return About(self.source, ticket_id, rule, finding[: findings.LONGEST])
