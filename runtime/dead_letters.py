"""Dead letters as people hear of them: once when a delivery stops, and once when a replay has done it after all.

Both are own events in one case for each delivery, the second after the first.
"""

from __future__ import annotations

import sqlalchemy as sa

from desk.clock import machine_now
from events import DeadLetterEvent, RecoveredEvent, load_event
from runtime.own_events import dead_case, post
from store import deliveries


def tell_stopped(connection: sa.Connection, event: DeadLetterEvent) -> None:
    """Let the ticket's owner hear of it; who has heard so and not been told since that it is done hears nothing."""
    if _standing(connection, event.delivery) is None:
        post(connection, event)


def tell_recovered(connection: sa.Connection, label: str) -> None:
    """A delivery is done that people may have been told to do by hand: let them hear that."""
    stopped = _standing(connection, label)
    if stopped is not None:
        name, word = stopped
        about = {"rule": word.rule, "ticket_source": word.ticket_source, "ticket_id": word.ticket_id}
        post(connection, RecoveredEvent(occurred_at=machine_now(), delivery=label, stopped=name, **about))


def _standing(connection: sa.Connection, label: str) -> tuple[str, DeadLetterEvent] | None:
    """The word of a delivery's stop that nothing has taken back: the label of its own event, and the event."""
    last = deliveries.last_of_case(connection, dead_case(label))
    event = load_event(last.event) if last is not None and last.event else None
    return (last.label, event) if last is not None and isinstance(event, DeadLetterEvent) else None
