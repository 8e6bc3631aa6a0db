"""The bot's own duties: alerts to the admins, and telling a ticket's owner about dead letters and their recovery."""

from __future__ import annotations

from desk.desk import Desk
from events import AlertEvent, DeadLetterEvent, RecoveredEvent


def send_alert(event: AlertEvent, desk: Desk) -> None:
    """Send an alert to the admins."""
    desk.send_alert(event)


def tell_owner(event: DeadLetterEvent, desk: Desk) -> None:
    """A delivery became a dead letter: say so in its ticket at once, under the rule that could not be obeyed."""
    if event.ticket_id and event.rule:
        values = {"delivery": event.delivery}
        crm = desk.crm_of(event.ticket_source)
        if crm is not None:
            crm.note(event.ticket_id, "procedure_dead", why=event.rule, **values)


def tell_owner_it_is_done(event: RecoveredEvent, desk: Desk) -> None:
    """A dead letter was replayed and is done: say so in the ticket that asks for it to be done by hand."""
    crm = desk.crm_of(event.ticket_source)
    if crm is None or not event.ticket_id or not event.rule:
        return
    if crm.has_noted(event.stopped, "procedure_dead", why=event.rule):
        crm.note(event.ticket_id, "procedure_recovered", why=event.rule, delivery=event.delivery)
