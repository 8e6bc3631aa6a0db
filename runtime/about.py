"""Which ticket an event is about."""

from __future__ import annotations

import sqlalchemy as sa

from events import (
    CaseEvent,
    DeadLetterEvent,
    Event,
    HeardEvent,
    IncidentEvent,
    JiraAskedEvent,
    PersonActionEvent,
    RecoveredEvent,
    RequestEvent,
    TicketEvent,
    TimerEvent,
)
from store import findings, links, problems, requests


def ticket_of(connection: sa.Connection, event: Event) -> tuple[str, str] | None:
    """Return the ticket (source, id) that an event is about, found by its issue, request, watch or problem case.

    None when the event is about no ticket, or about one that the store does not know.
    """
    if isinstance(event, HeardEvent):
        event = event.event
    if isinstance(event, TicketEvent):
        return event.source, event.ticket.id
    if isinstance(event, DeadLetterEvent | RecoveredEvent | IncidentEvent):
        return (event.ticket_source, event.ticket_id) if event.ticket_source and event.ticket_id else None
    if isinstance(event, JiraAskedEvent | PersonActionEvent | CaseEvent):
        return event.ticket_source, event.ticket_id
    if isinstance(event, RequestEvent):
        return _asked(connection, event.request)
    return _of_timer(connection, event) if isinstance(event, TimerEvent) else _of_issue(connection, event)


def _of_timer(connection: sa.Connection, event: TimerEvent) -> tuple[str, str] | None:
    if event.of == "watch":
        watch = findings.get(connection, event.number)
        return (watch.source, watch.ticket_id) if watch else None
    if event.of == "case":
        case = problems.get(connection, event.number)
        return (case.source, case.ticket_id) if case else None
    return _asked(connection, event.number) if event.of in ("request", "client") else None


def _of_issue(connection: sa.Connection, event: Event) -> tuple[str, str] | None:
    ref = getattr(event, "issue", None)
    link = links.of_issue(connection, ref.site, ref.id) if ref is not None else None
    return (link.source, link.ticket_id) if link else None


def _asked(connection: sa.Connection, number: int) -> tuple[str, str] | None:
    request = requests.get(connection, number)
    return (request.source, request.ticket_id) if request else None
