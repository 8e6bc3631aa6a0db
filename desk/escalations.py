"""Customers' chats that belong to another line: found, timed, handed over, ended (E-01, E-02, E-57)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from desk.actions import OWN, Action, Result
from desk.context import DeskContext
from store import escalations
from store.escalations import CLOSED, ESCALATED, REASSIGNED, WITHDRAWN, Escalation

__all__ = ["CLOSED", "ESCALATED", "BegunEscalation", "Escalation", "EscalationsDesk", "JudgedChat"]


@dataclass(frozen=True)
class JudgedChat:
    """The verdict on a chat; `line` is `None` if the chat stays with its agent. `words` describe it in the ledger.

    `running`: the minutes of E-02 count from `since`. `anew`: they start over, for another agent.
    """

    source: str
    ticket_id: str
    line: str | None
    rule: str
    words: str
    since: datetime
    agent_id: str | None = None
    running: bool = True
    anew: bool = False


@dataclass(frozen=True)
class BegunEscalation:
    """The open escalation of a chat; `new` if this event began it or changed its line."""

    id: int
    new: bool


class EscalationsDesk:
    """Records and look-ups of chats that go to another line. Acting on them is left to other actions."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def of_ticket(self, source: str, ticket_id: str) -> Escalation | None:
        """Return the open escalation of a ticket."""
        found = self.newest(source, ticket_id)
        return found if found is not None and found.ended_at is None else None

    def newest(self, source: str, ticket_id: str) -> Escalation | None:
        """Return the newest escalation of a ticket, open or ended."""
        with self._context.reading() as connection:
            return escalations.newest(connection, source, ticket_id)

    def get(self, number: int) -> Escalation | None:
        """Return an escalation by its number, open or ended."""
        with self._context.reading() as connection:
            return escalations.get(connection, number)

    def judge(self, judged: JudgedChat) -> BegunEscalation | None:
        """Record the verdict on a chat, and return the escalation that is open afterwards.

        An escalation that is open continues, and so do its minutes, unless the verdict says `anew`. Returns `None` if
        the chat stays with its agent or is with its line already.
        """
        limit, now = self._context.config.escalation.countdown.limit, self._context.now
        due_at = judged.since + limit if judged.running else None

        def rows(connection: sa.Connection) -> Result:
            known = escalations.newest(connection, judged.source, judged.ticket_id)
            is_open = known is not None and known.ended_at is None
            if judged.line is None:
                if known is not None and is_open:
                    escalations.end(connection, known.id, WITHDRAWN, now)
                return Result()
            if known is not None and known.ended_how == ESCALATED and known.line == judged.line:
                return Result(reason="the chat is with this line already")
            if known is not None and is_open and not judged.anew:
                escalations.change(connection, known.id, line=judged.line, rule=judged.rule)
                return Result({"id": known.id, "new": known.line != judged.line})
            if known is not None and is_open:
                escalations.end(connection, known.id, REASSIGNED, now)
            number = escalations.begin(connection, _row(judged) | {"since": judged.since, "due_at": due_at}, now)
            return Result({"id": number, "new": True})

        found = self._context.actions.write(Action(OWN, "judge_chat", judged.ticket_id, intent=judged.words), rows)
        return BegunEscalation(**found) if found else None

    def stop(self, open_one: Escalation, how: str, line: str | None = None) -> None:
        """End an escalation and its countdown: the chat was handed over (to `line`) or closed (E-57)."""
        values = {"line": line} if line else {}

        def end(connection: sa.Connection) -> None:
            escalations.end(connection, open_one.id, how, self._context.now, **values)

        self._context.actions.write(Action(OWN, "stop_countdown", open_one.ticket_id, intent=how), end)

    def record(self, judged: JudgedChat) -> None:
        """Record that a chat without an open escalation was handed over, so that its line is not suggested again."""
        now = self._context.now
        ended = {"since": judged.since, "ended_at": now, "ended_how": ESCALATED}

        def begin(connection: sa.Connection) -> None:
            escalations.begin(connection, _row(judged) | ended, now)

        self._context.actions.write(Action(OWN, "record_escalation", judged.ticket_id, intent=judged.words), begin)


def handed_on(number: int, now: datetime, connection: sa.Connection) -> None:
    """End an escalation as handed over, in the transaction that ends the action by which the bot did so."""
    escalations.end(connection, number, ESCALATED, now)


def _row(judged: JudgedChat) -> dict[str, object]:
    names = ("source", "ticket_id", "agent_id", "line", "rule")
    return {name: getattr(judged, name) for name in names}
