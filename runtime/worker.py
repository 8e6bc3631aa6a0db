"""The worker process: leases cases that have something due, and works on many at once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import sqlalchemy as sa
import structlog

from config import ConfigReloader
from desk.clock import machine_now
from desk.factory import DeskFactory
from runtime.memory import use_few_arenas
from runtime.outage import DATABASE_AWAY, Outage
from runtime.runner import Runner
from store import cases, systems

log = structlog.get_logger("worker")
THREADS = 32
POLL_SECONDS = 0.5  # after which a due case is found even without a wake-up
AHEAD = 16  # cases leased in addition to those in threads, so that a free thread has its next one at once
GATHER_SECONDS = 0.005  # to wait before a turn while cases are leased, so that one turn handles several changes
BUSY_GATHER_SECONDS = 0.1  # the same, while every thread has a case and `AHEAD` more are leased
RETRY_SECONDS = 1  # between two attempts while the database is away
DRAIN_SECONDS = 40  # longer than the longest call to another system


class Worker:
    """Runs until told to stop; shows signs of life, and signs off at the end."""

    def __init__(self, engine: sa.Engine, factory: DeskFactory, reloader: ConfigReloader) -> None:
        self._engine = engine
        self._lease = reloader.current().runtime.worker_lease
        self.name = f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._stopping = False  # not an Event: a signal handler must not wait for a lock
        self._wake = threading.Event()
        self._outage = Outage()
        factory.places.most = THREADS // 2
        self._runner = Runner(factory, reloader)
        self._runner.stopping = lambda: self._stopping
        self._runner.worker = self.name
        self._leased: dict[str, Future[None]] = {}

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then let running actions end and begin no new one."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        use_few_arenas()
        threading.Thread(target=self._listen, name="wake-ups", daemon=True).start()
        threading.Thread(target=self._live, name="sign of life", daemon=True).start()
        log.info("worker started", worker=self.name)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="case")
        while not self._stopping:
            self._try(lambda: self._turn(pool))
            if self._wake.wait(POLL_SECONDS) and self._leased:
                time.sleep(BUSY_GATHER_SECONDS if self._is_full() else GATHER_SECONDS)
            self._wake.clear()
        wait(self._leased.values(), DRAIN_SECONDS)
        self._try(self._sign_off)
        log.info("worker stopped", worker=self.name)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _is_full(self) -> bool:
        return len(self._leased) >= THREADS + AHEAD

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        """Give back the cases that are finished, and lease as many as the threads can soon work on."""
        over = {case: future for case, future in list(self._leased.items()) if future.done()}
        free = THREADS + AHEAD - len(self._leased) + len(over)
        if not free:
            return
        with self._engine.begin() as connection:
            self._give_back(connection, over)
            claimed = cases.claim(connection, self.name, self._lease, free)
        for case in over:
            del self._leased[case]
        for case in claimed:
            if case in self._leased:
                continue  # our lease ran out while the database was away, and a thread still works on the case
            self._leased[case] = future = pool.submit(self._runner.look_at, case)
            future.add_done_callback(self._looked_at)

    def _give_back(self, connection: sa.Connection, over: dict[str, Future[None]]) -> None:
        """Release the cases that are finished, and let anybody continue those that a database outage cut short.

        After any other error the lease is left to run out, so that the case is not tried again at once.
        """
        errors = {case: future.exception() for case, future in over.items()}
        cases.release(connection, self.name, [case for case, error in errors.items() if error is None])
        cut_short = [case for case, error in errors.items() if isinstance(error, DATABASE_AWAY)]
        cases.abandon(connection, self.name, cut_short)

    def _looked_at(self, future: Future[None]) -> None:
        error = future.exception()
        if isinstance(error, DATABASE_AWAY):
            self._outage.met(error)
        elif error is not None:
            log.error("a case could not be looked at", exc_info=error)
        self._wake.set()

    def _listen(self) -> None:
        while not self._stopping:
            self._try(self._hear)

    def _hear(self) -> None:
        with contextlib.closing(cases.wake_ups(self._engine)) as wake_ups:
            for due in wake_ups:
                if due:
                    self._wake.set()
                if self._stopping:
                    return

    def _live(self) -> None:
        """Show signs of life, also while the last actions are ending."""
        while True:
            self._try(self._sign_of_life)
            time.sleep(self._lease.total_seconds() / 5)

    def _sign_of_life(self) -> None:
        with self._engine.begin() as connection:
            systems.worker_seen(connection, self.name, machine_now())
            cases.renew(connection, self.name, self._lease, list(self._leased))

    def _sign_off(self) -> None:
        """Sign off; a case whose action outlived the drain is anybody's once its lease is over."""
        over = {case: future for case, future in self._leased.items() if future.done()}
        with self._engine.begin() as connection:
            systems.worker_gone(connection, self.name)  # the same order as in `_sign_of_life`, or they could deadlock
            self._give_back(connection, over)

    def _try(self, duty: Callable[[], None]) -> None:
        """Do something that needs the database; if the database is away, wait a little."""
        if not self._outage.attempt(duty):
            time.sleep(RETRY_SECONDS)
