"""The clock process: what must happen without anybody asking.

Any number of clocks may run: each claims what it does in the store, so two do no more than one.
"""

from __future__ import annotations

import functools
import os
import signal
import socket
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import requests
import sqlalchemy as sa
import structlog

from config import ConfigReloader
from desk.circuit_breaker import next_probe
from desk.clock import machine_now
from desk.factory import DeskFactory
from desk.faults import ActionFault, classify
from events import TimerEvent
from events.secrets import without_texts
from runtime.outage import Outage
from runtime.own_events import post
from runtime.reporting import COUNT_SECONDS, DIGEST_SECONDS, Reporting
from store import (
    arrivals,
    assignments,
    audit,
    deliveries,
    incidents,
    known_tickets,
    lost_tickets,
    merged_tickets,
    problems,
    retention,
    switches,
    systems,
    texts,
    timers,
    users,
)

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger("clock")
TICK_SECONDS = 0.5
BATCH = 500
LATE = timedelta(minutes=1)  # a clock that was running fires within a second
SIGN_SECONDS = 5
LOOK_SECONDS = 5  # between two checks whether a look is due
SILENT = timedelta(seconds=30)  # a clock that says nothing for longer counts as gone
FORGET = timedelta(days=1)
KEEP_LIMITS = timedelta(days=1)  # after that a token bucket is full, and a rate limit is no longer a repeated one
CASES = 50  # cases whose texts one transaction deletes
PIECE = 200  # rows that one transaction deletes
PIECES = 20  # transactions of each kind in one turn; the rest waits for the next turn, a minute later
ENDS = (signal.SIGTERM, signal.SIGINT)


class Clock:
    """The periodic duties; each may run in several processes at once."""

    def __init__(
        self, engine: sa.Engine, factory: DeskFactory, reloader: ConfigReloader, looks: Sequence[Callable[[], int]] = ()
    ) -> None:
        """Each of `looks` asks a system, when it is due, for events that its webhooks lost."""
        self.looks = tuple(looks)
        self._engine = engine
        self._factory = factory
        self._reloader = reloader
        self._reporting = Reporting(engine, factory)
        self._id = f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    def sign_of_life(self) -> None:
        """Record that this clock is alive; forget clocks and workers that are long gone."""
        now = machine_now()
        with self._engine.begin() as connection:
            systems.clock_seen(connection, self._id, now)
            systems.forget_silent(connection, now - FORGET)

    def sign_off(self) -> None:
        """Record that this clock has stopped."""
        with self._engine.begin() as connection:
            systems.clock_gone(connection, self._id)

    def let_effects_go_on(self) -> int:
        """Once effects are allowed again, make due up to `BATCH` deliveries that waited for them; return how many."""
        with self._engine.begin() as connection:
            if systems.is_tripped(connection, switches.EFFECTS):
                return 0
            return deliveries.release_system(connection, switches.EFFECTS, machine_now(), BATCH)

    def fire(self) -> int:
        """Turn the timers that are due by the desk's clock into deliveries `alarm:<key>`, `BATCH` a transaction.

        Returns how many. All that are due are fired in this one call, however many there are.
        """
        count = 0
        while True:
            piece = self._fire_some()
            count += piece
            if piece < BATCH:
                return count

    def _fire_some(self) -> int:
        now = self._factory.clock.now()
        with self._engine.begin() as connection:
            claimed = timers.claim_due(connection, now, BATCH)
            events = (
                TimerEvent(occurred_at=now, key=timer.key, due_at=timer.due_at, late=now - timer.due_at > LATE)
                for timer in claimed
            )
            post(connection, *events)
        return len(claimed)

    def count_days(self) -> int:
        """Compute the reports' daily figures; return for how many days."""
        return self._reporting.count(self._reloader.current())

    def send_digests(self) -> int:
        """File the digests that are due; return how many."""
        return self._reporting.digests(self._reloader.current())

    def probe(self) -> None:
        """Ask systems that are down whether they are back; one clock asks at a time.

        Deliveries that wait for a system that is no longer set up are released.
        """
        config = self._reloader.current()
        known = self._factory.systems(config)
        with self._engine.connect() as connection:
            closed = [row for row in systems.breakers(connection) if row.closed_at and row.name != switches.EFFECTS]
        for row in closed:
            if row.name not in known:
                self._open(row.name)
                continue
            now = machine_now()
            with self._engine.begin() as connection:
                next_at = next_probe(row.probes + 1, config.runtime, now)
                if not systems.claim_probe(connection, row.name, now=now, next_at=next_at):
                    continue
            if self._answers(row.name):
                self._open(row.name)

    def _answers(self, system: str) -> bool:
        try:
            self._factory.probe(self._reloader.current(), system)
        except ActionFault as fault:
            log.info("still down", system=system, reason=fault.reason)
            return False
        except requests.RequestException as error:
            log.info("still down", system=system, reason=classify(error).reason)
            return False
        return True

    def _open(self, system: str) -> None:
        with self._engine.begin() as connection:
            systems.set_breaker(connection, system, closed_at=None, failures=0, reason=None, probes=0)
            count = deliveries.release_system(connection, system, machine_now())
        log.info("back again", system=system, waiting=count)

    def purge(self) -> None:
        """Delete what is no longer needed."""
        now = machine_now()
        with self._engine.begin() as connection:
            arrivals.purge_bodies_seen(connection, now)
            systems.purge_rate_limits(connection, now - KEEP_LIMITS)
        self._purge_by_age(now)

    def _purge_by_age(self, now: datetime) -> None:
        """Delete what is older than the configuration allows, in many small transactions."""
        config = self._reloader.current()
        keep, sessions = config.runtime.keep, config.access.sessions
        pieces: list[Callable[[sa.Connection], int]] = [
            lambda connection: retention.forget(connection, "bodies", now - keep.bodies, PIECE),
            lambda connection: retention.forget(connection, "events", now - keep.events, PIECE),
            lambda connection: retention.delete_deliveries(connection, now - keep.ledger, PIECE),
            lambda connection: known_tickets.purge(connection, now - config.duplicates.kept, PIECE),
            lambda connection: merged_tickets.purge(connection, now - keep.ledger, PIECE),
            lambda connection: assignments.purge(connection, now - keep.ledger, PIECE),
            lambda connection: incidents.purge(connection, now - keep.ledger, PIECE),
            lambda connection: lost_tickets.purge(connection, now - keep.ledger, PIECE),
            lambda connection: problems.purge(connection, now - keep.ledger, PIECE),
            lambda connection: audit.purge(connection, now - keep.audit, PIECE),
            lambda connection: users.purge_sessions(connection, now - sessions.absolute, PIECE),
            lambda connection: retention.forget_limits(connection, now - KEEP_LIMITS, PIECE),
            lambda connection: retention.forget_turns(connection, now - KEEP_LIMITS, PIECE),
            lambda connection: lost_tickets.forget_touched(connection, PIECE),
        ]
        for piece in pieces:
            self._purge(piece, PIECE)
        self._purge(lambda connection: texts.forget(connection, now - keep.texts, now, CASES, without_texts), CASES)

    def _purge(self, piece: Callable[[sa.Connection], int], size: int) -> None:
        for _ in range(PIECES):
            with self._engine.begin() as connection:
                if piece(connection) < size:
                    break

    def analyze(self) -> None:
        """Refresh the database's statistics, without which PostgreSQL scans whole tables in spite of an index."""
        with self._engine.begin() as connection:
            connection.execute(sa.text("ANALYZE"))


def run(clock: Clock) -> None:
    """Run the duties until SIGTERM or SIGINT."""
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 # others import this module too

    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
    outage = Outage()
    duties = ((clock.fire, TICK_SECONDS), (clock.probe, 1))
    more = ((clock.let_effects_go_on, TICK_SECONDS), (clock.sign_of_life, SIGN_SECONDS))
    reports = ((clock.count_days, COUNT_SECONDS), (clock.send_digests, DIGEST_SECONDS))
    for duty, seconds in (*duties, *more, *reports, (clock.purge, 60), (clock.analyze, 300)):
        _schedule(scheduler, duty, seconds, outage)
    for look in clock.looks:
        _schedule(scheduler, look, LOOK_SECONDS, outage)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # before the scheduler's threads begin, which inherit it
    outage.attempt(clock.sign_of_life)
    scheduler.start()
    log.info("clock started")
    signal.sigwait(ENDS)
    scheduler.shutdown()
    outage.attempt(clock.sign_off)  # if this fails, the row is forgotten after `FORGET`


def _schedule(scheduler: BackgroundScheduler, duty: Callable[[], object], seconds: float, outage: Outage) -> None:
    """Schedule a duty; when the database is away, it is tried again at its next turn."""
    attempt = functools.update_wrapper(functools.partial(outage.attempt, duty), duty)
    scheduler.add_job(attempt, "interval", seconds=seconds, misfire_grace_time=None)
