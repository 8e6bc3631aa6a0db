"""Deliveries that the bot makes for itself: most in cases of their own, so that nothing holds them up."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from desk.clock import machine_now
from events import (
    AlarmEvent,
    AlertEvent,
    BotEvent,
    HoldAnsweredEvent,
    JiraAskedEvent,
    RequestEvent,
    dump_event,
    ticket_case,
)
from store import deliveries

SOURCE = "bot"


def post(connection: sa.Connection, nudge: Callable[[sa.Connection, str], None], event: BotEvent) -> None:
    """File an own event in the caller's transaction; the same alert is filed once."""
    name, case = _filed(event)
    now = machine_now()
    text = dump_event(event)
    row = {
        "source": SOURCE,
        "delivery_id": name[:128],
        "case_id": case,
        "type": event.type,
        "state": "waiting",
        "body": text,
        "event": text,
        "received_at": now,
        "due_at": now,
        "nudged_at": now,
    }
    if deliveries.add(connection, row) is not None:
        nudge(connection, case)


def _filed(event: BotEvent) -> tuple[str, str]:
    """The delivery id of an own event, and the case that it is filed under."""
    if isinstance(event, AlarmEvent):
        # a case of its own: what the ticket's case waits for does not hold the reminder up
        return f"alarm:{event.key}", f"{SOURCE}:alarm:{event.key}"
    if isinstance(event, JiraAskedEvent):
        return f"jira:{event.key}", ticket_case(event.ticket_source, event.ticket_id)
    if isinstance(event, RequestEvent):
        # an answer waits for nothing, not even for a note on the snooze before it
        return f"request:{event.key}", f"{SOURCE}:{event.type}:{event.request}"
    if isinstance(event, HoldAnsweredEvent):
        return f"hold:{event.hold}:{event.delivery}", ticket_case(event.ticket_source, event.ticket_id)
    name = event.key if isinstance(event, AlertEvent) else f"{event.delivery}:{event.occurred_at:%y%m%d%H%M%S}"
    name = f"alert:{name}" if isinstance(event, AlertEvent) else f"dead:{name}"
    return name, f"{SOURCE}:{name}"[:160]
