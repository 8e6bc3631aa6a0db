"""Tells people about dead letters: once when a delivery stops, and once when a replay has done it after all.

Both are own events in one case per delivery, so the second is handled after the first.
"""

from __future__ import annotations

import sqlalchemy as sa

from desk.clock import machine_now
from events import DeadLetterEvent, RecoveredEvent, load_event
from runtime.own_events import dead_case, post
from store import deliveries


def tell_stopped(connection: sa.Connection, event: DeadLetterEvent) -> None:
    """Tell the ticket's owner, unless the owner was told before and has not heard of a recovery since."""
    if _standing(connection, event.delivery) is None:
        post(connection, event)


def tell_recovered(connection: sa.Connection, label: str) -> None:
    """Tell people that a delivery is done, if they were told before that it had stopped."""
    stopped = _standing(connection, label)
    if stopped is not None:
        name, word = stopped
        about = {"rule": word.rule, "ticket_source": word.ticket_source, "ticket_id": word.ticket_id}
        post(connection, RecoveredEvent(occurred_at=machine_now(), delivery=label, stopped=name, **about))


def _standing(connection: sa.Connection, label: str) -> tuple[str, DeadLetterEvent] | None:
    """Return the delivery's latest DeadLetterEvent and its label; None if it never stopped or has recovered since."""
    last = deliveries.last_of_case(connection, dead_case(label))
    event = load_event(last.event) if last is not None and last.event else None
    return (last.label, event) if last is not None and isinstance(event, DeadLetterEvent) else None
