"""Where deliveries are accepted."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from typing import Protocol

import sqlalchemy as sa

from desk.crm.client import SYSTEM as WEBCRM
from desk.known_tickets import known_by
from events import CommentEvent, Event, HeardEvent, IssueEvent, IssueRef, TicketEvent, dump_event, ticket_case
from store import arrivals as arrived
from store import known_tickets, requests
from store.arrivals import KnownIssue, New
from store.cases import wake_workers
from store.committer import Committer
from store.database import take_write_lock
from store.known_tickets import KnownTicket

_WORDS = ("ticket.message", "ticket.status_changed")


@dataclass(frozen=True)
class Arrival:
    """A verified and parsed webhook call.

    `body` is redacted JSON; where `event` is None, `ignored` says why. With `body_sha256` (of the body, or of what
    identifies the event), an arrival whose hash was seen recently is a redelivery whatever its id.
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
    """What receivers hand their arrivals to."""

    def accept(self, arrival: Arrival) -> bool:
        """Keep the arrival durably. True: new; False: a redelivery. Database errors are raised."""
        ...


class StoreInbox:
    """The inbox that keeps arrivals in the store; `handled` are the event types that have procedures."""

    def __init__(self, engine: sa.Engine, handled: Container[str]) -> None:
        self._engine = engine
        self._committer = Committer(engine, self.add)
        self._handled = handled

    def accept(self, arrival: Arrival) -> bool:
        """Insert the delivery; a redelivery writes nothing."""
        return self._committer.commit(arrival)

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """Accept several in one transaction, all or none."""
        with self._engine.begin() as connection:
            take_write_lock(connection)
            return self.add(connection, arrivals)

    def add(self, connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[bool]:
        """Accept several in the caller's transaction; return which of them were new."""
        issues = arrived.of_issues(connection, filter(None, map(_issue, arrivals)))
        new = [self._filed(arrival, issues) for arrival in arrivals]
        added = arrived.add_all(connection, new, datetime.now(UTC))
        heard = _heard(connection, list(compress(arrivals, added)), issues)
        arrived.add_all(connection, heard, datetime.now(UTC))
        # here and not in the worker, so that two tickets that arrive at once find each other (W-09)
        known_tickets.remember(connection, _tickets(compress(arrivals, added)), datetime.now(UTC))
        if any(one.state == "waiting" for one in (*compress(new, added), *heard)):
            wake_workers(connection)
        return added

    def _filed(self, arrival: Arrival, issues: Mapping[tuple[str, str], KnownIssue]) -> New:
        issue = _issue(arrival)
        ticket = issues[issue].ticket if issue else None
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


def _tickets(arrivals: Iterable[Arrival]) -> list[KnownTicket]:
    """Return what the events say about tickets of WebCRM, among which duplicates are looked for."""
    return [known_by(one.event) for one in arrivals if one.source == WEBCRM and isinstance(one.event, TicketEvent)]


def _heard(
    connection: sa.Connection, arrivals: Sequence[Arrival], issues: Mapping[tuple[str, str], KnownIssue]
) -> list[New]:
    """Build deliveries for what may be a department's answer.

    Each goes into a case of its request's own, so that a waiting ticket does not hold it up.
    """
    told = [(place, one) for one in arrivals if (place := _answers_at(one)) is not None]
    tickets = requests.open_in_tickets(connection, [place for place, one in told if isinstance(one.event, TicketEvent)])
    found = [(tickets.get(at) if isinstance(one.event, TicketEvent) else issues[at].request, one) for at, one in told]
    return [_heard_by(request, one) for request, one in found if request is not None]


def _heard_by(request: int, arrival: Arrival) -> New:
    assert isinstance(arrival.event, TicketEvent | IssueEvent | CommentEvent)  # noqa: S101 # for the type alone
    event = HeardEvent(occurred_at=arrival.event.occurred_at, request=request, event=arrival.event)
    text = dump_event(event)
    name = f"heard:{arrival.source}:{arrival.delivery_id}"[:128]
    return New("bot", name, f"bot:heard:{request}", event.type, "waiting", text, text, None)


def _answers_at(arrival: Arrival) -> tuple[str, str] | None:
    """Return where an open request would get this as its answer: (source, ticket) or (site, issue); else None."""
    event = arrival.event
    if isinstance(event, TicketEvent):
        return (event.source, event.ticket.id) if event.type in _WORDS else None
    if isinstance(event, CommentEvent | IssueEvent) and event.type not in ("comment.deleted", "issue.created"):
        return event.issue.site, event.issue.id
    return None


def _issue(arrival: Arrival) -> tuple[str, str] | None:
    """Return the site and id of the issue that an event is about, or None."""
    ref: IssueRef | None = getattr(arrival.event, "issue", None)
    return (ref.site, ref.id) if ref else None
