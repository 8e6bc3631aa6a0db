"""A person's action on a request or a hold on our pages, and that a digest is due."""

from __future__ import annotations

from datetime import date
from typing import Literal

from events.values import Frozen, Moment, Text, TicketId


class PersonActionEvent(Frozen):
    """A person's action on the request or hold of this `number`; `key` makes it unique.

    request.woken takes a snooze back, request.reopened an answer that a page told; hold.snoozed puts a hold off
    `until`, hold.reopened takes its end back; …reassigned gives it to another `owner`.
    """

    kind: Literal["said"] = "said"
    source: Text = "bot"
    type: Literal[
        "request.woken",
        "request.reopened",
        "request.reassigned",
        "hold.snoozed",
        "hold.reopened",
        "hold.reassigned",
    ]
    occurred_at: Moment
    key: Text
    number: int
    ticket_source: Text
    ticket_id: TicketId
    until: Moment | None = None
    reason: str | None = None
    owner: Text | None = None
    by: Text | None = None


class DigestEvent(Frozen):
    """The digest of this name is due, on this day by the company's calendar; one of each."""

    kind: Literal["digest"] = "digest"
    source: Text = "bot"
    type: Literal["digest.due"] = "digest.due"
    occurred_at: Moment
    name: Text
    day: date
