"""Where deliveries are accepted: the row and the nudge for its case in one transaction."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from typing import Protocol

import sqlalchemy as sa

from events import Event, IssueRef, dump_event, ticket_case
from runtime.committer import Committer
from runtime.nudges import Nudges
from store import deliveries
from store.deliveries import New


@dataclass(frozen=True)
class Arrival:
    """A verified and parsed webhook call.

    `body` is redacted JSON; `event` None means ignored, and `ignored` says why. With `body_sha256`
    a body seen within 24 hours is a redelivery under whatever id.
    """

    source: str
    delivery_id: str
    case: str
    type: str
    body: bytes
    event: Event | None
    ignored: str | None = None
    body_sha256: str | None = None


class Inbox(Protocol):
    """What a receiver hands its arrivals to."""

    def accept(self, arrival: Arrival) -> bool:
        """Keep the arrival durably. True: new; False: a redelivery. Database errors are raised."""
        ...


class StoreInbox:
    """The inbox over the store; `handled` are the event types that some procedure wants."""

    def __init__(self, engine: sa.Engine, handled: Container[str]) -> None:
        self._committer = Committer(engine, self.add)
        self._nudges = Nudges(engine)
        self._handled = handled

    def accept(self, arrival: Arrival) -> bool:
        """Insert the delivery and its nudge; a redelivery writes nothing."""
        return self._committer.commit(arrival)

    def add(self, connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[bool]:
        """The same for several, in the caller's transaction."""
        tickets = deliveries.linked_tickets(connection, filter(None, map(_issue, arrivals)))
        new = [self._filed(arrival, tickets) for arrival in arrivals]
        added = deliveries.add_all(connection, new, datetime.now(UTC))
        wanted = [one.case_id for one in compress(new, added) if one.state == "waiting"]
        if wanted:
            self._nudges.send(connection, *dict.fromkeys(wanted))
        return added

    def _filed(self, arrival: Arrival, tickets: Mapping[tuple[str, str], tuple[str, str]]) -> New:
        issue = _issue(arrival)
        ticket = tickets.get(issue) if issue else None
        ignored = arrival.ignored
        if arrival.event is not None and arrival.type not in self._handled:
            ignored = "no procedure wants this event"
        return New(
            source=arrival.source,
            delivery_id=arrival.delivery_id,
            case_id=ticket_case(*ticket) if ticket and not ignored else arrival.case,
            type=arrival.type,
            state="ignored" if ignored else "waiting",
            body=arrival.body.decode(),
            event=dump_event(arrival.event) if arrival.event is not None else None,
            reason=ignored,
            body_sha256=arrival.body_sha256,
        )


def _issue(arrival: Arrival) -> tuple[str, str] | None:
    """The site and id of the issue that an event is about."""
    ref: IssueRef | None = getattr(arrival.event, "issue", None)
    return (ref.site, ref.id) if ref else None
