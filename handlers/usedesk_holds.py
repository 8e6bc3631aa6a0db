"""«На удержании» from the card: a client's ticket in Usedesk waits for a department that is asked with it (U-12)."""

from __future__ import annotations

from desk.desk import Desk
from events import TicketEvent
from handlers.usedesk_waiting import CLIENT


def hold_for_department(event: TicketEvent, desk: Desk) -> None:
    """The ticket whose department is asked on the card gets its status; the client is no longer waited for (U-12)."""
    asked = event.request
    if event.source != desk.usedesk.source or asked is None or desk.departments.find(asked.department) is None:
        return
    desk.usedesk.put_on_hold(event.ticket.id, why="U-12")
    hold = desk.holds.of_ticket(event.source, event.ticket.id)
    if hold is not None and hold.kind == CLIENT:
        desk.holds.end(hold, "replaced", event.agent.id, why="U-12")
