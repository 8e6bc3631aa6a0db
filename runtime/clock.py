"""The clock process: what must happen by itself.

Any number may run: what a clock makes is claimed in the store, so two clocks make one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import requests
import sqlalchemy as sa
import structlog
from apscheduler.schedulers.blocking import BlockingScheduler

from config import Watch
from desk.clock import machine_now
from desk.faults import Fault, classify
from desk.gates import next_probe
from desk.office import Office
from events import AlarmEvent
from runtime.nudges import Nudges
from runtime.own_events import post
from runtime.reporting import COUNT_SECONDS, DIGEST_SECONDS, Reporting
from runtime.usedesk_polling import Polling
from store import alarms, arrivals, audit, deliveries, retention, switches, systems, users

log = structlog.get_logger("clock")
TICK_SECONDS = 0.5
BATCH = 500
LATE = timedelta(minutes=1)  # a clock that was there rings within a second
FORGOTTEN = timedelta(seconds=60)  # a nudge that was not heard by then is repeated
KEEP_NUDGES = timedelta(minutes=10)
SIGN_SECONDS = 5
SILENT = timedelta(seconds=30)  # a clock that says nothing for longer counts as gone
FORGET_CLOCKS = timedelta(days=1)
KEEP_LIMITS = timedelta(days=1)  # a token bucket is full again long before
PIECE = 200  # rows that one transaction takes away
PIECES = 20  # of each kind in one turn; the rest has its turn a minute later


class Clock:
    """The periodic duties; each may run in several processes at once."""

    def __init__(self, engine: sa.Engine, office: Office, watch: Watch, polling: Polling | None = None) -> None:
        """`polling` None: Usedesk is not set up, nobody asks it."""
        self.polling = polling
        self._engine = engine
        self._office = office
        self._watch = watch
        self._nudges = Nudges(engine)
        self._reporting = Reporting(engine, office, self._nudges)
        self._id = f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    def sign_of_life(self) -> None:
        """Say that a clock is there; forget those that are long gone."""
        now = machine_now()
        with self._engine.begin() as connection:
            systems.clock_seen(connection, self._id, now)
            systems.forget_clocks(connection, now - FORGET_CLOCKS)

    def sign_off(self) -> None:
        """Leave."""
        with self._engine.begin() as connection:
            systems.clock_gone(connection, self._id)

    def let_effects_go_on(self) -> int:
        """After a pause: make due what waited for its end, a piece at a time; the count."""
        with self._engine.begin() as connection:
            if systems.is_closed(connection, switches.EFFECTS):
                return 0
            return deliveries.release_system(connection, switches.EFFECTS, machine_now(), BATCH)

    def nudge_due(self) -> int:
        """Nudge the cases whose waiting deliveries are due or forgotten; the count."""
        with self._engine.begin() as connection:
            rows = deliveries.due(connection, now=machine_now(), forgotten=FORGOTTEN, limit=BATCH)
            if rows:
                self._nudges.send(connection, *dict.fromkeys(case for _, case in rows))
        return len(rows)

    def ring(self) -> int:
        """Turn the alarms that are due by the desk's clock into deliveries `alarm:<key>`; the count."""
        now = self._office.clock.now()
        with self._engine.begin() as connection:
            claimed = alarms.claim_due(connection, now, BATCH)
            for alarm in claimed:
                late = now - alarm.due_at > LATE
                event = AlarmEvent(occurred_at=now, key=alarm.key, due_at=alarm.due_at, late=late)
                post(connection, self._nudges.send, event)
        return len(claimed)

    def count_days(self) -> int:
        """Count the figures of days for the reports; the count of days."""
        return self._reporting.count(self._watch.current())

    def send_digests(self) -> int:
        """File the digests that are due; the count."""
        return self._reporting.digests(self._watch.current())

    def take_over(self) -> int:
        """Hand the work of workers without a sign of life to the living; the count."""
        lease = self._watch.current().runtime.worker_lease
        with self._engine.connect() as connection:
            known = systems.workers_known(connection)
        count = 0
        for worker in known:
            if machine_now() - worker.seen_at > lease:
                count += self._take_over(worker.executor_id, worker.seen_at)
        return count

    def _take_over(self, executor_id: str, seen_at: datetime) -> int:
        with self._engine.begin() as connection:
            # two clocks would hand the same work on twice, the second time away from a living worker
            if not systems.claim_gone(connection, executor_id, seen_at=seen_at, now=machine_now()):
                return 0
        with self._engine.begin() as connection:
            taken = self._nudges.take_back(connection, executor_id)
        self._nudges.delete(taken)
        with self._engine.begin() as connection:
            systems.worker_gone(connection, executor_id)
        log.warning("worker is gone, its work is handed on", executor=executor_id, nudges=len(taken))
        return len(taken)

    def probe(self) -> None:
        """Ask systems that are down whether they are back; one clock asks at a time."""
        config = self._watch.current()
        with self._engine.connect() as connection:
            closed = [row for row in systems.gates(connection) if row.closed_at is not None]
        for row in closed:
            now = machine_now()
            with self._engine.begin() as connection:
                next_at = next_probe(row.probes + 1, config.runtime, now)
                if not systems.claim_probe(connection, row.name, now=now, next_at=next_at):
                    continue
            if self._answers(row.name):
                self._open(row.name)

    def _answers(self, system: str) -> bool:
        try:
            self._office.probe(self._watch.current(), system)
        except Fault as fault:
            log.info("still down", system=system, reason=fault.reason)
            return False
        except requests.RequestException as error:
            log.info("still down", system=system, reason=classify(error).reason)
            return False
        return True

    def _open(self, system: str) -> None:
        with self._engine.begin() as connection:
            systems.set_gate(connection, system, closed_at=None, failures=0, reason=None, probes=0)
            count = deliveries.release_system(connection, system, machine_now())
        log.info("back again", system=system, waiting=count)

    def purge(self) -> None:
        """Delete what nobody needs any more, in small pieces."""
        now = machine_now()
        before = (now - KEEP_NUDGES).isoformat()
        while self._nudges.delete_finished(before, BATCH) == BATCH:
            pass
        with self._engine.begin() as connection:
            arrivals.purge_bodies_seen(connection, now)
            systems.purge_pauses(connection, now)
        self._purge_by_age(now)

    def _purge_by_age(self, now: datetime) -> None:
        """What is older than `runtime.yml` and `access.yml` allow, in small pieces: a transaction each."""
        config = self._watch.current()
        keep, sessions = config.runtime.keep, config.access.sessions
        pieces: list[Callable[[sa.Connection], int]] = [
            lambda connection: retention.forget(connection, "bodies", now - keep.bodies, PIECE),
            lambda connection: retention.forget(connection, "events", now - keep.events, PIECE),
            lambda connection: retention.delete_deliveries(connection, now - keep.ledger, PIECE),
            lambda connection: audit.purge(connection, now - keep.audit, PIECE),
            lambda connection: users.purge_sessions(connection, now - sessions.absolute, PIECE),
            lambda connection: retention.forget_limits(connection, now - KEEP_LIMITS, PIECE),
        ]
        for piece in pieces:
            for _ in range(PIECES):
                with self._engine.begin() as connection:
                    if piece(connection) < PIECE:
                        break

    def analyze(self) -> None:
        """Refresh the statistics: without them PostgreSQL can take minutes to dequeue from many partitions."""
        with self._engine.begin() as connection:
            connection.execute(sa.text("ANALYZE"))


def run(clock: Clock) -> None:
    """Run the duties until SIGTERM or SIGINT."""
    scheduler = BlockingScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
    duties = ((clock.nudge_due, TICK_SECONDS), (clock.ring, TICK_SECONDS), (clock.take_over, 2), (clock.probe, 1))
    more = ((clock.let_effects_go_on, TICK_SECONDS), (clock.sign_of_life, SIGN_SECONDS))
    reports = ((clock.count_days, COUNT_SECONDS), (clock.send_digests, DIGEST_SECONDS))
    for duty, seconds in (*duties, *more, *reports, (clock.purge, 60), (clock.analyze, 300)):
        scheduler.add_job(duty, "interval", seconds=seconds, misfire_grace_time=None)
    if clock.polling is not None:
        scheduler.add_job(clock.polling.look, "interval", seconds=5, misfire_grace_time=None)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=scheduler.shutdown).start())
    clock.sign_of_life()
    log.info("clock started")
    scheduler.start()
    with contextlib.suppress(sa.exc.OperationalError):  # it is forgotten in time anyway
        clock.sign_off()
