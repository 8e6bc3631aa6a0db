"""Tickets of Usedesk as this process read them last, so that who is put off does not look everything up again.

A look-up holds for the delivery that made it, however often it begins from its top, and for the case; until a webhook
tells that somebody changed the ticket. What the bot writes itself is added. A look-up after an unknown outcome does
not ask here.
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

KEPT = timedelta(minutes=5)  # longer than polling needs to find what a lost webhook would have told
MOST = 1000  # of each kind

T = TypeVar("T")


@dataclass(frozen=True)
class Asker:
    """For whom something is looked up: a delivery of this case, which was taken up at this moment."""

    case: str
    taken_at: datetime


@dataclass(frozen=True)
class Seen(Generic[T]):
    """What a look-up showed, when and for which case; `heard`: the newest delivery by then that told of it."""

    value: T
    at: datetime
    case: str
    heard: int


class Memory:
    """What was looked up; shared by the threads of a process."""

    def __init__(self, engine: sa.Engine, now: Callable[[], datetime]) -> None:
        """`now` is the desk's time."""
        self._engine = engine
        self._now = now
        self._lock = threading.Lock()
        self._tickets: OrderedDict[str, Seen[UsedeskTicket | None]] = OrderedDict()
        self._lists: OrderedDict[str, Seen[list[UsedeskTicket]]] = OrderedDict()

    def ticket(self, ticket_id: str, asker: Asker) -> Seen[UsedeskTicket | None] | None:
        """The ticket, or that there is none, as it was read for this delivery or for its case; None: read it."""
        seen = self._recall(self._tickets, ticket_id, asker)
        return seen if seen is not None and self.heard(ticket_id) == seen.heard else None

    def listed(self, name: str, asker: Asker) -> list[UsedeskTicket] | None:
        """A list as it was read for this delivery or for its case; None: read it."""
        seen = self._recall(self._lists, name, asker)
        return seen.value if seen is not None else None

    def heard(self, ticket_id: str) -> int:
        """The newest delivery about a ticket; to be asked for before the ticket is read."""
        with reading(self._engine) as connection:
            return deliveries.newest_of_case(connection, ticket_case(SYSTEM, ticket_id))

    def keep_ticket(self, ticket_id: str, ticket: UsedeskTicket | None, heard: int, asker: Asker) -> None:
        """Remember a ticket that was read just now, or that there is none."""
        self._keep(self._tickets, ticket_id, Seen(ticket, self._now(), asker.case, heard))

    def keep_list(self, name: str, tickets: list[UsedeskTicket], asker: Asker) -> None:
        """Remember a list that was read just now."""
        self._keep(self._lists, name, Seen(tickets, self._now(), asker.case, 0))

    def wrote(self, ticket_id: str, comment: UsedeskComment) -> None:
        """The bot has written a comment."""
        with self._lock:
            seen = self._tickets.get(ticket_id)
            if seen is not None and seen.value is not None:
                ticket = replace(seen.value, comments=(*seen.value.comments, comment))
                self._tickets[ticket_id] = replace(seen, value=ticket)

    def forget(self, ticket_id: str) -> None:
        """Nobody knows how the ticket stands."""
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
