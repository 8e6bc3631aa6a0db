"""Deliveries that the bot makes for itself, most of them in cases of their own so that nothing holds them up."""

from __future__ import annotations

import sqlalchemy as sa

from desk.clock import machine_now
from events import (
    AlertEvent,
    BotEvent,
    CaseEvent,
    DeadLetterEvent,
    DigestEvent,
    DuplicateEvent,
    HoldAnsweredEvent,
    IncidentEvent,
    JiraAskedEvent,
    PersonActionEvent,
    RecoveredEvent,
    RequestEvent,
    StrayEvent,
    TicketEvent,
    TimerEvent,
    dump_event,
    ticket_case,
)
from store import arrivals
from store.cases import wake_workers

SOURCE = "bot"


def post(connection: sa.Connection, *events: BotEvent) -> bool:
    """File own events in the caller's transaction, each only once; return whether any of them was new."""
    new = any(arrivals.add_all(connection, [_delivery(event) for event in events], machine_now()))
    if new:
        wake_workers(connection)
    return new


def _delivery(event: BotEvent) -> arrivals.New:
    name, case = _of_incident(event) if isinstance(event, IncidentEvent) else _filed(event)
    text = dump_event(event)
    return arrivals.New(SOURCE, name[:128], case, event.type, "waiting", text, text, None)


def _filed(event: BotEvent) -> tuple[str, str]:
    """Return the delivery id of an own event, and the case that it is filed under."""
    match event:
        case CaseEvent():
            # a photo that cannot be fetched must not hold up its case
            lane = f"{SOURCE}:{event.key}" if event.type == "case.photo" else case_lane(event.number)
            filed = f"case:{event.key}", lane
        case TimerEvent():
            filed = f"alarm:{event.key}", _case_of_timer(event)
        case JiraAskedEvent():
            filed = f"jira:{event.key}", ticket_case(event.ticket_source, event.ticket_id)
        case DuplicateEvent():
            filed = f"{event.type}:{event.key}", ticket_case(event.ticket_source, event.ticket_id)
        case RequestEvent():
            # an answer must not wait, not even for a note about an earlier snooze
            filed = f"request:{event.key}", f"{SOURCE}:{event.type}:{event.request}"
        case PersonActionEvent():
            filed = f"said:{event.key}", _case_of_person_action(event)
        case DigestEvent():
            name = f"digest:{event.name}:{event.day}"
            filed = name, f"{SOURCE}:{name}"
        case TicketEvent():  # from a button of our own card: in the ticket's case, as if its CRM had sent it
            filed = f"card:{event.id}", ticket_case(event.source, event.ticket.id)
        case HoldAnsweredEvent():
            filed = f"hold:{event.hold}:{event.delivery}", ticket_case(event.ticket_source, event.ticket_id)
        case StrayEvent():  # in the case of the stray delivery, so that it is handled after that
            filed = f"stray:{event.key}", event.case
        case AlertEvent():
            filed = f"alert:{event.key}", f"{SOURCE}:alert:{event.key}"
        case DeadLetterEvent() | RecoveredEvent():  # both in one case, so that they keep their order
            word = event.type.removeprefix("delivery.")
            filed = f"{word}:{event.delivery}:{event.occurred_at:%y%m%d%H%M%S}", dead_case(event.delivery)
    return filed[0], filed[1][:160]


def _case_of_timer(event: TimerEvent) -> str:
    """Return a case of the timer's own, so that a waiting ticket does not hold it up; a problem case has its lane."""
    return case_lane(event.number) if event.of == "case" else f"{SOURCE}:alarm:{event.key}"


def case_lane(number: int) -> str:
    """Return the case in which all events of a problem case are handled in order."""
    return f"{SOURCE}:problem:{number}"


def _of_incident(event: IncidentEvent) -> tuple[str, str]:
    """Return the delivery id and the case of an incident event: the incident's own, or that of the ticket it names."""
    name = f"incident:{event.incident}"
    if event.ticket_source is None or event.ticket_id is None:
        return name, f"{SOURCE}:{name}"
    case = ticket_case(event.ticket_source, event.ticket_id)
    return f"{name}:{case}", case


def dead_case(delivery: str) -> str:
    """Return the case of the events about a delivery that stopped."""
    return f"{SOURCE}:dead:{delivery}"[:160]


def _case_of_person_action(event: PersonActionEvent) -> str:
    """Return the case of a person's action: for a hold its ticket's; an undo goes into the case of what it undoes."""
    after = {"request.woken": "request.snoozed", "request.reopened": "request.answered"}.get(event.type, event.type)
    if event.type.startswith("hold."):
        return ticket_case(event.ticket_source, event.ticket_id)
    return f"{SOURCE}:{after}:{event.number}"
