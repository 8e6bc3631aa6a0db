"""Checks of WebCRM's tickets that are made later, when a person has had enough time (W-32, R-13, R-25)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from desk.crm.desk import CrmTicket
from desk.desk import Desk
from desk.watches import Watch
from events import TimerEvent
from handlers import chat_silence, internal_escalation

Look = Callable[[Watch, CrmTicket, Desk], None]


def look_again(event: TimerEvent, desk: Desk) -> None:
    """The ticket is read as it stands now."""
    watch = desk.notices.get_watch(event.number) if event.of == "watch" else None
    if watch is None or watch.ended_at is not None or watch.source != desk.notices.source:
        return
    ticket = desk.crm.read(watch.ticket_id)
    if ticket is not None:
        LOOKS[watch.rule](watch, ticket, desk)
    desk.notices.end_watch(watch)


LOOKS: Mapping[str, Look] = {"W-32": internal_escalation.nudge, chat_silence.WATCH: chat_silence.advise}
