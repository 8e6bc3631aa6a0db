"""Where a customer's chat goes (manual E): a line, the agent, or a question first; no side effects.

One verdict serves `POST /api/escalation-check` and is made anew for each message (E-43).
"""

from __future__ import annotations

from config import Config
from events import TicketEvent
from handlers import closings
from handlers.escalation.chat import Chat
from handlers.escalation.lines import choose
from handlers.escalation.refusals import refusal
from handlers.escalation.verdict import Decision, LineChoice, Verdict

__all__ = ["Decision", "LineChoice", "Verdict", "check_escalation"]


def check_escalation(event: TicketEvent, config: Config) -> Verdict:
    """Judge the chat as it stands at the event's message; a line that was chosen in the closing may be refused.

    Partners' tickets belong to another manual (C-07, W-27).
    """
    if event.ticket.audience == "partner":
        return Verdict("self", "W-27", 1.0)
    chat = Chat(event, config)
    found = choose(chat)
    named = event.closing.escalation_reason is not None or event.type == "ticket.escalated"
    chosen = named or closings.escalates(event, config)
    return (refusal(chat, found) if chosen else None) or found
