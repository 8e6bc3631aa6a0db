"""Checks of Usedesk's tickets that are made later, when a person has had enough time (U-08, U-09, U-12, U-17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from desk.desk import Desk
from desk.usedesk.checks import Watch
from desk.usedesk.view import UsedeskTicket
from events import TimerEvent

Look = Callable[[Watch, UsedeskTicket, Desk], None]
UNCHOSEN = ("new", "open")  # the statuses that are not in T-7


def look_again(event: TimerEvent, desk: Desk) -> None:
    """The ticket is read as it stands now. A call without a note stays watched: «Выполнен» asks for it (U-10)."""
    watch = desk.checks.get_watch(event.number) if event.of == "watch" else None
    if watch is None or watch.ended_at is not None or watch.source != desk.checks.source:
        return
    ticket = desk.usedesk.read(watch.ticket_id)
    if ticket is not None:
        LOOKS[watch.rule](watch, ticket, desk)
    if watch.rule != "U-17":
        desk.checks.end_watch(watch)


def _reason_of_priority(watch: Watch, ticket: UsedeskTicket, desk: Desk) -> None:
    """Tell the agent if an unusual priority has no private comment around the time it was set (U-08)."""
    since = watch.since - desk.config.usedesk.delays.priority
    if ticket.priority == watch.subject and not ticket.private_since(since):
        values = {"priority": watch.subject or "", "usual": desk.config.usedesk.priority}
        desk.checks.tell(ticket.id, watch.subject or "", "usedesk_priority", why="U-08", **values)


def _status_of_answer(watch: Watch, ticket: UsedeskTicket, desk: Desk) -> None:
    """Suggest a status of T-7 if the ticket's last answer was given without one (U-09)."""
    last = ticket.last_public
    if ticket.status not in UNCHOSEN or last is None or last.role != "agent":
        return
    by_words = "waiting_client" if "?" in last.text else "done"
    advice = "on_hold" if desk.checks.open_requests(ticket.id) else by_words
    desk.checks.tell(ticket.id, f"status:{advice}", "usedesk_status", why="U-09", advice=advice)


def _request_of_hold(watch: Watch, ticket: UsedeskTicket, desk: Desk) -> None:
    """Tell the agent of «На удержании» without an open request to a department (U-12)."""
    if ticket.status == "on_hold" and not desk.checks.open_requests(ticket.id):
        desk.checks.tell(ticket.id, f"hold:{watch.id}", "usedesk_hold_without_request", why="U-12")


def _note_of_call(watch: Watch, ticket: UsedeskTicket, desk: Desk) -> None:
    """Tell the agent if there is no private comment on what was said on the phone (U-17)."""
    if not ticket.private_since(watch.since):
        desk.checks.tell(ticket.id, f"call:{watch.id}", "usedesk_call_note", why="U-17")


LOOKS: Mapping[str, Look] = {
    "U-08": _reason_of_priority,
    "U-09": _status_of_answer,
    "U-12": _request_of_hold,
    "U-17": _note_of_call,
}
