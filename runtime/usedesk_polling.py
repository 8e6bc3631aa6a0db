"""Polls Usedesk and files events whose webhooks were lost: Usedesk tries each webhook only once (usedesk.md 4.4).

A polled event has the id that its webhook would have had, so nothing comes in twice.
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
# Tickets that are spam, deleted, merged or a newsletter are no client's request.
STATUSES = ("open", "done", "closed", "on_hold", "waiting_client", "new")
OVERLAP = timedelta(minutes=10)  # each look starts so long before the previous one began
WEBHOOKS_FIRST = timedelta(seconds=30)  # the webhook of anything younger may still be on its way
CALLS = 10  # in one look; the rest follows at the next tick
RESERVE = 3  # calls of the shared limit that are left for the procedures
CLAIM = timedelta(minutes=5)  # longer than all calls of a look may take
SHIFTED = 10  # entries read again, as a ticket that leaves the list moves up all that follow it


@dataclass(frozen=True)
class Window:
    """The time within which a ticket's events are filed, and the reader of Usedesk's answers."""

    since: datetime
    until: datetime
    reader: Reader


# From an answer of `/ticket`: the arrivals within the window, by age, and whether nothing younger is left for later.
Understand = Callable[[Mapping[str, object], Window], tuple[list[Arrival], bool]]


class Polling:
    """Looks through the tickets that changed, time after time; the store keeps the place between two looks."""

    def __init__(
        self, factory: DeskFactory, reloader: ConfigReloader, inbox: StoreInbox, understand: Understand
    ) -> None:
        self._factory = factory
        self._engine = factory.engine
        self._reloader = reloader
        self._inbox = inbox
        self._understand = understand

    def look(self) -> int:
        """Continue by at most `CALLS` calls; return how many lost events were filed, 0 when no look is due."""
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
        """File a ticket's events; return how many were new, and whether the ticket is done with for now."""
        since = _aware(poll.since)
        until = self._factory.clock.now() - WEBHOOKS_FIRST
        arrivals, settled = self._understand(answer, Window(since, until, self.reader(poll)))
        if not arrivals:
            return 0, settled
        with self._engine.begin() as connection:
            added = sum(self._inbox.add(connection, arrivals))
        return added, settled

    def reader(self, poll: Poll) -> Reader:
        """Return a reader of Usedesk's answers that uses the time zone known so far."""
        return Reader(self._factory.usedesk_agent, timedelta(minutes=poll.zone or 0))

    def now(self) -> datetime:
        """The desk's time."""
        return self._factory.clock.now()


class _Look:
    """One look; `poll` holds how far it has come, whatever ends it."""

    def __init__(self, polling: Polling, usedesk: Usedesk, poll: Poll) -> None:
        self._polling = polling
        self._usedesk = usedesk
        self._left = CALLS
        self.poll = poll
        self.count = 0

    def go_on(self) -> bool:
        """Return True at the end of the list, False when the calls are used up."""
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
        """Read one ticket unless it is unchanged since it was last read; return False when the calls are used up."""
        if self.poll.seen.get(row.id) == row.updated:
            return True
        if not self._left:
            return False
        self._left -= 1
        try:
            answer = self._usedesk.ticket(row.id)
        except (Refused, ValueError) as fault:  # deleted meanwhile, or not a valid id
            log.info("ticket left out", system=SYSTEM, ticket=row.id, reason=str(fault))
            answer = {}
        added, settled = self._polling.file(answer, self.poll)
        self.count += added
        if settled:
            self.poll = replace(self.poll, seen={**self.poll.seen, row.id: row.updated})
        return True

    def _learn_zone(self, rows: Iterable[UsedeskTicket]) -> None:
        """Infer the time zone of Usedesk's dates: its filter is in UTC, so each date lies between `since` and now."""
        stamps = [found for row in rows if (found := stamp(row.updated)) is not None]
        zone = zone_of(stamps, _aware(self.poll.since), self._polling.now(), self.poll.zone)
        self.poll = replace(self.poll, zone=zone)

    def _end(self) -> None:
        """End the look: the next one starts `OVERLAP` before this one began; forget tickets it cannot meet again."""
        since = _aware(self.poll.begun_at) - OVERLAP
        floor = since.replace(tzinfo=None) + timedelta(minutes=self.poll.zone or 0) - SLACK
        seen = {number: updated for number, updated in self.poll.seen.items() if (stamp(updated) or floor) >= floor}
        self.poll = replace(self.poll, since=since, begun_at=None, page=0, seen=seen)


def _begun(poll: Poll, now: datetime) -> Poll:
    """Return an unfinished look as it is, or begin a new one; the very first goes back by `OVERLAP`."""
    if poll.begun_at is not None:
        return poll
    return replace(poll, begun_at=now, since=poll.since or now - OVERLAP, page=0)


def _aware(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("the look was not begun")
    return moment
