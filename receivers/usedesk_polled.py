"""Reads an answer of Usedesk's `/ticket` as the webhook bodies that it stands for (usedesk.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from desk.usedesk.ticket import Reader
from receivers.intake import arrival_of
from receivers.refusal import Refusal
from receivers.usedesk import reading_of
from receivers.usedesk_events import SOURCE, parse
from runtime.inbox import Arrival
from runtime.usedesk_polling import Window


def understand(answer: Mapping[str, object], window: Window) -> tuple[list[Arrival], bool]:
    """Return the arrivals of an answer within a window: see `runtime.usedesk_polling.Understand`."""
    found, settled = [], True
    for at, body in sorted(window.reader.bodies(answer), key=lambda one: one[0]):
        if at > window.until:
            settled = False
        elif at >= window.since and (arrival := _arrival(body, window.reader, at)) is not None:
            found.append(arrival)
    return found, settled


def _arrival(body: dict[str, object], reader: Reader, at: datetime) -> Arrival | None:
    """Return a body's arrival; None if a webhook with it would be ignored or refused."""
    try:
        parsed = parse(body, reader, at)
    except Refusal:
        return None
    return arrival_of(SOURCE, body, reading_of(parsed)) if parsed.event is not None else None
