"""What the agent's card shows of a customer's chat: where it should go, why, until when, and the comment to copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from config import Config
from events import TicketEvent
from handlers.customer_chats import asks
from handlers.escalation import Decision, check_escalation
from handlers.escalation.words import Worded, worded
from store.escalations import CLOSED, ESCALATED, Escalation


@dataclass(frozen=True)
class WhereTo:
    """The verdict on the chat's last question. `done`: the chat is with that line already.

    `left`: seconds left of the time limit, negative when it is over; None when it is not running.
    """

    decision: Decision
    rule: str
    percent: int
    words: Worded
    done: bool
    left: int | None


def where_to(
    events: Sequence[TicketEvent], known: Escalation | None, now: datetime, config: Config, note: Callable[..., str]
) -> WhereTo | None:
    """Judge a chat by its newest event that asks something; None for no customer's chat, or nothing to decide."""
    event = next((one for one in events if asks(one)), None)
    if event is None or event.ticket.audience != "customer" or (known and known.ended_how == CLOSED):
        return None
    verdict = check_escalation(event, config)
    runs = known is not None and known.ended_at is None
    return WhereTo(
        decision=verdict.decision,
        rule=verdict.rule,
        percent=round(verdict.sure * 100),
        words=worded(event, verdict, config, note),
        done=known is not None and known.ended_how == ESCALATED and known.line == verdict.line,
        left=int((known.due_at - now).total_seconds()) if known and runs and known.due_at else None,
    )
