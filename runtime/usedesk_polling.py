"""Asks Usedesk what changed, and files what its webhooks lost: it tries each of them once (usedesk.md 4.4).

What is found has the ids that the webhook would have had, so nothing comes in twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config import ConfigReloader
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.factory import DeskFactory
from desk.faults import Later
from desk.usedesk.client import PAGE, SYSTEM, Usedesk
from desk.usedesk.ticket import Reader, stamp
from desk.usedesk.view import UsedeskTicket
from desk.usedesk.zone import SLACK, zone_of
from runtime.inbox import Arrival, StoreInbox
from store import polls
from store.polls import Poll

log = structlog.get_logger("polling")
# What is spam, deleted, merged or a newsletter is no request of a client's.
STATUSES = ("open", "done", "closed", "on_hold", "waiting_client", "new")
OVERLAP = timedelta(minutes=10)  # each look goes back so far behind the one before
WEBHOOKS_FIRST = timedelta(seconds=30)  # what is younger may still be on its way
CALLS = 10  # of one look; the rest follows at the next tick
RESERVE = 3  # calls of the shared limit that are left to the work
CLAIM = timedelta(minutes=5)  # longer than all calls of a look may take
SHIFTED = 10  # entries read again: a ticket that left the list moved all after it up


@dataclass(frozen=True)
class Window:
    """Which part of a ticket is looked through, and who reads it: what happened from `since` to `until`."""

    since: datetime
    until: datetime
    reader: Reader


# From an answer of `/ticket`: the arrivals within the window, by age; and whether nothing younger is left to come.
Understand = Callable[[Mapping[str, object], Window], tuple[list[Arrival], bool]]


class Polling:
    """One look after another through the tickets that changed; the place is kept in the store between them."""

    def __init__(
        self, factory: DeskFactory, reloader: ConfigReloader, inbox: StoreInbox, understand: Understand
    ) -> None:
        self._factory = factory
        self._engine = factory.engine
        self._reloader = reloader
        self._inbox = inbox
        self._understand = understand

    def look(self) -> int:
        """Go on by `CALLS` calls at most; how many lost events were filed. Does nothing when it is not due."""
        config, until = self._reloader.current(), machine_now() + CLAIM
        with self._engine.begin() as connection:
            poll = polls.claim(connection, SYSTEM, now=machine_now(), until=until)
        if poll is None:
            return 0
        look = _Look(self, self._factory.usedesk(config, reserve=RESERVE), _begun(poll, self._factory.clock.now()))
        pause = timedelta(0)
        try:
            if look.go_on():
                pause = config.usedesk.poll_every
        except Later as later:
            log.info("to be continued", system=SYSTEM, reason=later.reason)
        except Refused as refused:
            log.warning("polling is refused", system=SYSTEM, reason=refused.reason)
            pause = config.usedesk.poll_every
        with self._engine.begin() as connection:
            polls.release(connection, SYSTEM, look.poll, claimed_until=until, next_at=machine_now() + pause)
        return look.count

    def file(self, answer: Mapping[str, object], poll: Poll) -> tuple[int, bool]:
        """File what a ticket's answer holds; how much was new, and whether the ticket is done with for now."""
        since = _aware(poll.since)
        until = self._factory.clock.now() - WEBHOOKS_FIRST
        arrivals, settled = self._understand(answer, Window(since, until, self.reader(poll)))
        if not arrivals:
            return 0, settled
        with self._engine.begin() as connection:
            added = sum(self._inbox.add(connection, arrivals))
        return added, settled

    def reader(self, poll: Poll) -> Reader:
        """Who reads Usedesk's answers, by the zone that is known so far."""
        return Reader(self._factory.usedesk_agent, timedelta(minutes=poll.zone or 0))

    def now(self) -> datetime:
        """The desk's time."""
        return self._factory.clock.now()


class _Look:
    """One look: what it has seen so far stands in `poll`, whatever ends it."""

    def __init__(self, polling: Polling, usedesk: Usedesk, poll: Poll) -> None:
        self._polling = polling
        self._usedesk = usedesk
        self._left = CALLS
        self.poll = poll
        self.count = 0

    def go_on(self) -> bool:
        """True when the list is at its end, False when the calls are used up."""
        while self._left:
            since = _aware(self.poll.since)
            self._left -= 1
            answer = self._usedesk.tickets(updated_after=since, statuses=STATUSES, offset=self.poll.page)
            reader = self._polling.reader(self.poll)
            rows = [reader.ticket({"ticket": row}) for row in answer]
            self._learn_zone(rows)
            if not all(self._see(row) for row in rows):
                return False
            if len(rows) < PAGE:
                self._end()
                return True
            self.poll = replace(self.poll, page=self.poll.page + PAGE - SHIFTED)
        return False

    def _see(self, row: UsedeskTicket) -> bool:
        """Look through one ticket, unless nothing happened since it was; False when the calls are used up."""
        if self.poll.seen.get(row.id) == row.updated:
            return True
        if not self._left:
            return False
        self._left -= 1
        try:
            answer = self._usedesk.ticket(row.id)
        except (Refused, ValueError) as fault:  # deleted meanwhile, or no id
            log.info("ticket left out", system=SYSTEM, ticket=row.id, reason=str(fault))
            answer = {}
        added, settled = self._polling.file(answer, self.poll)
        self.count += added
        if settled:
            self.poll = replace(self.poll, seen={**self.poll.seen, row.id: row.updated})
        return True

    def _learn_zone(self, rows: Iterable[UsedeskTicket]) -> None:
        """Usedesk's filter works in UTC: each date lies between `since` and now."""
        stamps = [found for row in rows if (found := stamp(row.updated)) is not None]
        zone = zone_of(stamps, _aware(self.poll.since), self._polling.now(), self.poll.zone)
        self.poll = replace(self.poll, zone=zone)

    def _end(self) -> None:
        """The next look begins a while before this one did; what it cannot meet again is forgotten."""
        since = _aware(self.poll.begun_at) - OVERLAP
        floor = since.replace(tzinfo=None) + timedelta(minutes=self.poll.zone or 0) - SLACK
        seen = {number: updated for number, updated in self.poll.seen.items() if (stamp(updated) or floor) >= floor}
        self.poll = replace(self.poll, since=since, begun_at=None, page=0, seen=seen)


def _begun(poll: Poll, now: datetime) -> Poll:
    """A look that is under way goes on; the very first goes back by the overlap."""
    if poll.begun_at is not None:
        return poll
    return replace(poll, begun_at=now, since=poll.since or now - OVERLAP, page=0)


def _aware(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("the look was not begun")
    return moment
