"""Deliveries that the bot makes for itself: most in cases of their own, so that nothing holds them up."""

from __future__ import annotations

import sqlalchemy as sa

from desk.clock import machine_now
from events import (
    AlarmEvent,
    AlertEvent,
    BotEvent,
    DeadLetterEvent,
    DigestEvent,
    HoldAnsweredEvent,
    JiraAskedEvent,
    RecoveredEvent,
    RequestEvent,
    SaidEvent,
    StrayEvent,
    TicketEvent,
    dump_event,
    ticket_case,
)
from store import arrivals
from store.cases import wake_workers

SOURCE = "bot"


def post(connection: sa.Connection, *events: BotEvent) -> None:
    """File own events in the caller's transaction; the same one is filed once."""
    if any(arrivals.add_all(connection, [_delivery(event) for event in events], machine_now())):
        wake_workers(connection)


def _delivery(event: BotEvent) -> arrivals.New:
    name, case = _filed(event)
    text = dump_event(event)
    return arrivals.New(SOURCE, name[:128], case, event.type, "waiting", text, text, None)


def _filed(event: BotEvent) -> tuple[str, str]:
    """The delivery id of an own event, and the case that it is filed under."""
    match event:
        case AlarmEvent():
            # a case of its own: what the ticket's case waits for does not hold the reminder up
            filed = f"alarm:{event.key}", f"{SOURCE}:alarm:{event.key}"
        case JiraAskedEvent():
            filed = f"jira:{event.key}", ticket_case(event.ticket_source, event.ticket_id)
        case RequestEvent():
            # an answer waits for nothing, not even for a note on the snooze before it
            filed = f"request:{event.key}", f"{SOURCE}:{event.type}:{event.request}"
        case SaidEvent():
            filed = f"said:{event.key}", _said_in(event)
        case DigestEvent():
            name = f"digest:{event.name}:{event.day}"
            filed = name, f"{SOURCE}:{name}"
        case TicketEvent():  # a button of our own card: in the ticket's case, as if its CRM had said it
            filed = f"card:{event.id}", ticket_case(event.source, event.ticket.id)
        case HoldAnsweredEvent():
            filed = f"hold:{event.hold}:{event.delivery}", ticket_case(event.ticket_source, event.ticket_id)
        case StrayEvent():  # in the case of what it is about: after it
            filed = f"stray:{event.key}", event.case
        case AlertEvent():
            filed = f"alert:{event.key}", f"{SOURCE}:alert:{event.key}"
        case DeadLetterEvent() | RecoveredEvent():  # one after the other
            word = event.type.removeprefix("delivery.")
            filed = f"{word}:{event.delivery}:{event.occurred_at:%y%m%d%H%M%S}", dead_case(event.delivery)
    return filed[0], filed[1][:160]


def dead_case(delivery: str) -> str:
    """The case of what is told about a delivery that stopped."""
    return f"{SOURCE}:dead:{delivery}"[:160]


def _said_in(event: SaidEvent) -> str:
    """What takes a word back comes after that word; a hold's go with its ticket."""
    after = {"request.woken": "request.snoozed", "request.reopened": "request.answered"}.get(event.type, event.type)
    if event.type.startswith("hold."):
        return ticket_case(event.ticket_source, event.ticket_id)
    return f"{SOURCE}:{after}:{event.number}"
