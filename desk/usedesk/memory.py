"""Usedesk tickets as this process last read them, so that a postponed delivery does not look everything up again.

A look-up is valid for the delivery that made it, however often it starts over, and for its case, until a webhook
reports that somebody changed the ticket. What the bot writes itself is added. A look-up after an unknown outcome does
not use this.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import sqlalchemy as sa

from desk.usedesk.client import SYSTEM
from desk.usedesk.view import UsedeskComment, UsedeskTicket
from events import ticket_case
from store import deliveries
from store.database import reading

KEPT = timedelta(minutes=5)  # longer than polling needs to notice the change of a lost webhook
MOST = 1000  # of each kind

T = TypeVar("T")


@dataclass(frozen=True)
class Asker:
    """For whom something is looked up: a delivery of this case, taken up at this moment."""

    case: str
    taken_at: datetime


@dataclass(frozen=True)
class Seen(Generic[T]):
    """A result of a look-up, when and for which case; `heard`: the newest delivery about it at that time."""

    value: T
    at: datetime
    case: str
    heard: int


class Memory:
    """Results of look-ups, shared by the threads of a process."""

    def __init__(self, engine: sa.Engine, now: Callable[[], datetime]) -> None:
        """`now` is the desk's time."""
        self._engine = engine
        self._now = now
        self._lock = threading.Lock()
        self._tickets: OrderedDict[str, Seen[UsedeskTicket | None]] = OrderedDict()
        self._lists: OrderedDict[str, Seen[list[UsedeskTicket]]] = OrderedDict()

    def ticket(self, ticket_id: str, asker: Asker) -> Seen[UsedeskTicket | None] | None:
        """Return what was read about a ticket, if it is valid for this delivery or case; `None` if it must be read."""
        seen = self._recall(self._tickets, ticket_id, asker)
        return seen if seen is not None and self.heard(ticket_id) == seen.heard else None

    def listed(self, name: str, asker: Asker) -> list[UsedeskTicket] | None:
        """Return a remembered list, if it is valid for this delivery or case; `None` if it must be read."""
        seen = self._recall(self._lists, name, asker)
        return seen.value if seen is not None else None

    def heard(self, ticket_id: str) -> int:
        """Return the newest delivery about a ticket; to be called before the ticket is read."""
        with reading(self._engine) as connection:
            return deliveries.newest_of_case(connection, ticket_case(SYSTEM, ticket_id))

    def keep_ticket(self, ticket_id: str, ticket: UsedeskTicket | None, heard: int, asker: Asker) -> None:
        """Remember a ticket that was just read, or that there is none."""
        self._keep(self._tickets, ticket_id, Seen(ticket, self._now(), asker.case, heard))

    def keep_list(self, name: str, tickets: list[UsedeskTicket], asker: Asker) -> None:
        """Remember a list that was just read."""
        self._keep(self._lists, name, Seen(tickets, self._now(), asker.case, 0))

    def wrote(self, ticket_id: str, comment: UsedeskComment) -> None:
        """Add a comment that the bot wrote."""
        with self._lock:
            seen = self._tickets.get(ticket_id)
            if seen is not None and seen.value is not None:
                ticket = replace(seen.value, comments=(*seen.value.comments, comment))
                self._tickets[ticket_id] = replace(seen, value=ticket)

    def forget(self, ticket_id: str) -> None:
        """Forget a ticket whose state is unknown."""
        with self._lock:
            self._tickets.pop(ticket_id, None)

    def _recall(self, kept: OrderedDict[str, Seen[T]], name: str, asker: Asker) -> Seen[T] | None:
        with self._lock:
            seen = kept.get(name)
        if seen is None or self._now() - seen.at > KEPT:
            return None
        return seen if seen.at >= asker.taken_at or seen.case == asker.case else None

    def _keep(self, kept: OrderedDict[str, Seen[T]], name: str, seen: Seen[T]) -> None:
        with self._lock:
            kept[name] = seen
            kept.move_to_end(name)
            while len(kept) > MOST:
                kept.popitem(last=False)
