"""A ticket is solved before a department has answered: is its answer still needed? (U-31)"""

from __future__ import annotations

from desk.desk import Desk
from desk.requests import Request
from desk.usedesk.view import FINISHED
from events import TicketEvent
from handlers.request_words import named


def ask_whether_needed(event: TicketEvent, desk: Desk) -> None:
    """The client has an answer: no word to them any more, nor to the head; the agent is asked once."""
    if not _is_solved(event, desk):
        return
    waiting = [one for one in _open(event, desk) if one.ticket_solved_at is None]
    crm = desk.crm_of(event.source)
    if not waiting or crm is None:
        return
    desk.requests.ticket_solved(waiting, desk.now, why="U-31")
    departments = [named(request, desk) for request in waiting]
    crm.note(event.ticket.id, "request_still_needed", why="U-31", departments=departments)


def go_on_when_reopened(event: TicketEvent, desk: Desk) -> None:
    """The ticket is open again: its requests are escalated as before."""
    change = event.change
    if change is None or change.field != "status" or change.before not in (desk.crm.closed, *FINISHED):
        return
    if event.ticket.status in (desk.crm.closed, *FINISHED):
        return
    solved = [one for one in _open(event, desk) if one.ticket_solved_at is not None]
    if solved:
        desk.requests.ticket_solved(solved, None, why="U-31")


def _open(event: TicketEvent, desk: Desk) -> list[Request]:
    return [one for one in desk.requests.of_ticket(event.source, event.ticket.id) if one.answer_required]


def _is_solved(event: TicketEvent, desk: Desk) -> bool:
    if event.type in ("ticket.closing", "ticket.closed"):
        return desk.config.categories.resolution(event.closing.resolution) == "solved"
    after = {change.field: change.after for change in event.changes}.get("status")
    return event.source == desk.usedesk.source and after in FINISHED
