"""The clock process: what must happen by itself.

Any number may run: what a clock makes is claimed in the store, so two clocks make one.
"""

from __future__ import annotations

import signal
import threading
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
from runtime.usedesk_polling import Polling
from store import alarms, deliveries, systems

log = structlog.get_logger("clock")
TICK_SECONDS = 0.5
BATCH = 500
LATE = timedelta(minutes=1)  # a clock that was there rings within a second
FORGOTTEN = timedelta(seconds=60)  # a nudge that was not heard by then is repeated
KEEP_NUDGES = timedelta(minutes=10)


class Clock:
    """The periodic duties; each may run in several processes at once."""

    def __init__(self, engine: sa.Engine, office: Office, watch: Watch, polling: Polling | None = None) -> None:
        """`polling` None: Usedesk is not set up, nobody asks it."""
        self.polling = polling
        self._engine = engine
        self._office = office
        self._watch = watch
        self._nudges = Nudges(engine)

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
            deliveries.purge_bodies_seen(connection, now)
            systems.purge_pauses(connection, now)

    def analyze(self) -> None:
        """Refresh the statistics: without them PostgreSQL can take minutes to dequeue from many partitions."""
        with self._engine.begin() as connection:
            connection.execute(sa.text("ANALYZE"))


def run(clock: Clock) -> None:
    """Run the duties until SIGTERM or SIGINT."""
    scheduler = BlockingScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
    duties = ((clock.nudge_due, TICK_SECONDS), (clock.ring, TICK_SECONDS), (clock.take_over, 2), (clock.probe, 1))
    for duty, seconds in (*duties, (clock.purge, 60), (clock.analyze, 300)):
        scheduler.add_job(duty, "interval", seconds=seconds, misfire_grace_time=None)
    if clock.polling is not None:
        scheduler.add_job(clock.polling.look, "interval", seconds=5, misfire_grace_time=None)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=scheduler.shutdown).start())
    log.info("clock started")
    scheduler.start()
