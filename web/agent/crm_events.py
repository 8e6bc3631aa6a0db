"""What a CRM told of a ticket, as far as this release understands it."""

from __future__ import annotations

from contextlib import suppress

import sqlalchemy as sa

from events import TicketEvent, load_event
from store import tickets

_LATEST = 20  # events of a ticket in which its topic, or the client's question, is looked for


def told_by_crm(connection: sa.Connection, source: str, ticket: str) -> list[TicketEvent]:
    """Return the latest events of a ticket, the newest first."""
    found = []
    for stored in tickets.last_events(connection, source, ticket, _LATEST):
        with suppress(ValueError):  # kept by a release that understood more, or less
            event = load_event(stored)
            found += [event] if isinstance(event, TicketEvent) else []
    return found
