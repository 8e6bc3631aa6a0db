"""Events about what a person does with a request or a hold on our pages, and about a digest that is due."""

from __future__ import annotations

from datetime import date
from typing import Literal

from events.values import Frozen, Moment, Text, TicketId


class PersonActionEvent(Frozen):
    """A person's action on the request or hold of this `number`; `key` makes the event unique.

    request.woken undoes a snooze, request.reopened an answer that was entered on a page; hold.snoozed puts a hold off
    `until` a moment, hold.reopened undoes its end; …reassigned gives it to another `owner`.
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
    """The digest of this name is due on this day of the company's calendar; there is one event for each."""

    kind: Literal["digest"] = "digest"
    source: Text = "bot"
    type: Literal["digest.due"] = "digest.due"
    occurred_at: Moment
    name: Text
    day: date
