"""The bot's own duties: telling an admin, and telling a ticket's owner that something could not be done."""

from __future__ import annotations

from desk.desk import Desk
from events import AlertEvent, DeadLetterEvent


def send_alert(event: AlertEvent, desk: Desk) -> None:
    """Send an alert to the admins."""
    desk.send_alert(event)


def tell_owner(event: DeadLetterEvent, desk: Desk) -> None:
    """A delivery became a dead letter: say so in its ticket at once, under the rule that could not be obeyed."""
    if event.ticket_id and event.rule:
        values = {"delivery": event.delivery, "reason": event.reason}
        crm = desk.crm_of(event.ticket_source)
        if crm is not None:
            crm.note(event.ticket_id, "procedure_dead", why=event.rule, **values)
