"""Silence in a chat: 1.5 minutes after our last message the agent is told which resolution fits (R-13, R-25).

Which one depends on what was asked: after a question that must be answered it is «Не решена», after a courtesy
question it is not (C-11).
"""

from __future__ import annotations

from desk.crm.desk import CrmTicket
from desk.desk import Desk
from desk.watches import Watch
from events import TicketEvent
from handlers.closings import OURS, is_mandatory
from handlers.escalation.chat import CLIENTS
from handlers.usedesk_checks import message_of

WATCH = "R-13"  # one watch for both rules: which of them applies is decided when the time is over
LONGEST = 64  # characters of a message's id that a watch keeps


def count_silence(event: TicketEvent, desk: Desk) -> None:
    """An agent's word in a chat begins the minutes, the client's ends them."""
    message = message_of(event)
    if event.source != desk.crm.source or message is None or not message.public or not _is_chat(event, desk):
        return
    role, said_at = (message.author.role or "").casefold(), message.at or event.occurred_at
    if role in OURS and not desk.mode("R-13") == desk.mode("R-25") == "off":
        watch = {"agent_id": event.agent.id, "subject": (message.id or "")[:LONGEST]}
        desk.notices.watch_anew(event.ticket.id, WATCH, said_at, desk.config.webcrm.delays.silence, **watch)
    elif role in CLIENTS:
        open_one = desk.notices.watched(event.ticket.id, WATCH)
        if open_one is not None and open_one.since <= said_at:
            desk.notices.end_watch(open_one)


def _is_chat(event: TicketEvent, desk: Desk) -> bool:
    ticket = event.ticket
    return desk.config.resolutions.kind_of(ticket.channel, ticket.channel_kind).channel == "chat"


def advise(watch: Watch, ticket: CrmTicket, desk: Desk) -> None:
    """Tell the agent what may be done, if the last public message is still the one of ours that began the watch."""
    last = next((message for message in reversed(ticket.messages) if message.public), None)
    over = ticket.status in (desk.crm.closed, desk.crm.escalated)
    if over or last is None or last.author.role not in OURS or (last.id or "")[:LONGEST] != watch.subject:
        return
    mandatory = is_mandatory(last, desk.config)
    minutes = desk.config.webcrm.delays.silence.total_seconds() / 60
    values = {"mandatory": mandatory, "minutes": f"{minutes:g}".replace(".", ",")}
    why = "R-25" if mandatory else "R-13"
    desk.notices.tell(watch.ticket_id, f"silent:{last.id or watch.id}", "chat_silent", why=why, **values)
