"""Checks a closing at its event too, as `POST /api/closing-check` does before the button is pressed (R-53)."""

from __future__ import annotations

from desk.closings import Finding
from desk.desk import Desk
from events import TicketEvent
from handlers.closing_checks import check_closing, named
from handlers.closing_checks.words import told


def tell_findings(event: TicketEvent, desk: Desk) -> None:
    """Record each rule that the closing breaks, and tell the agent by its mode (R-53).

    What the procedure that does the closing tells by itself is not told twice. A ticket that is closed again after
    more was said in it is another closing. One that is closed without a next step is on the lead's board (R-46).
    """
    if event.source != desk.crm.source:
        return
    others = desk.duplicates.others(named(event, desk.config))
    found = [one for one in check_closing(event, desk.config, others).violations if not one.told]
    words = [Finding(one.rule, *told(one, desk.note)) for one in found]
    resolution = desk.config.categories.resolution(event.closing.resolution)
    spoken = sum(message.public for message in event.ticket.messages)
    desk.closings.tell(event.ticket.id, f"closing:{resolution}:{spoken}", words)
    if any(one.rule == "R-46" for one in found):
        desk.closings.lose(event)
