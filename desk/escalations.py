"""Customers' chats that another line is to have: found, timed, handed on, ended (E-01, E-02, E-57)."""

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
    """A chat as it was judged: `line` None: it stays with its agent. `words` say so in the ledger.

    `running`: the minutes of E-02 run since `since`; `anew`: they begin anew, for another agent.
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
    """The open escalation of a chat; `new`: to this line, as of this event."""

    id: int
    new: bool


class EscalationsDesk:
    """What is kept of chats that go to another line, and its look-ups. What comes of it, other actions do."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def of_ticket(self, source: str, ticket_id: str) -> Escalation | None:
        """The open escalation of a ticket."""
        found = self.newest(source, ticket_id)
        return found if found is not None and found.ended_at is None else None

    def newest(self, source: str, ticket_id: str) -> Escalation | None:
        """The newest of a ticket, open or ended."""
        with self._context.reading() as connection:
            return escalations.newest(connection, source, ticket_id)

    def get(self, number: int) -> Escalation | None:
        """One by its number, open or ended."""
        with self._context.reading() as connection:
            return escalations.get(connection, number)

    def judge(self, judged: JudgedChat) -> BegunEscalation | None:
        """Keep what a chat was judged to be; the escalation that is open after it.

        One that is open goes on, and its minutes with it. None: the chat stays, or is with its line already.
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
        """End an escalation, and its minutes: it was handed on (to `line`), or the chat was closed (E-57)."""
        values = {"line": line} if line else {}

        def end(connection: sa.Connection) -> None:
            escalations.end(connection, open_one.id, how, self._context.now, **values)

        self._context.actions.write(Action(OWN, "stop_countdown", open_one.ticket_id, intent=how), end)

    def record(self, judged: JudgedChat) -> None:
        """Keep that a chat was handed on that nobody had found one for: its line is not offered again."""
        now = self._context.now
        ended = {"since": judged.since, "ended_at": now, "ended_how": ESCALATED}

        def begin(connection: sa.Connection) -> None:
            escalations.begin(connection, _row(judged) | ended, now)

        self._context.actions.write(Action(OWN, "record_escalation", judged.ticket_id, intent=judged.words), begin)


def handed_on(number: int, now: datetime, connection: sa.Connection) -> None:
    """What goes into the store together with the end of the bot's own escalation."""
    escalations.end(connection, number, ESCALATED, now)


def _row(judged: JudgedChat) -> dict[str, object]:
    names = ("source", "ticket_id", "agent_id", "line", "rule")
    return {name: getattr(judged, name) for name in names}
