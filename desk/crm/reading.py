"""Reads WebCRM's data about a ticket leniently: one faulty field must not stop the rest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from pydantic import ValidationError

from events import Message
from events.untrusted import entries

NEWEST = 200  # messages of a ticket that are read


def messages_in(ticket: Mapping[str, object]) -> tuple[Message, ...]:
    """Return the newest messages of a ticket, oldest first; malformed ones are left out."""
    found = []
    for one in entries(ticket.get("messages"))[-NEWEST:]:
        with suppress(ValidationError):
            found.append(Message.model_validate(one))
    return tuple(found)
