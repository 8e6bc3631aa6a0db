"""The worker process: DBOS takes nudges from the queue `cases`, one at a time per case, many cases at once."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import threading
import uuid
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig

from config import Watch
from desk.clock import machine_now
from desk.office import Office
from runtime.glance import poll_lightly
from runtime.nudges import APPLICATION_NAME, APPLICATION_VERSION, QUEUE, WORKFLOW, Nudges
from runtime.runner import Runner
from store import systems

log = structlog.get_logger("worker")
THREADS = 32  # else DBOS makes a thread for each waiting workflow
POLL_SECONDS = 0.03  # 25 ms from accept to the first verb; 0.1: 65 ms
M_ARENA_MAX = -8  # glibc's malloc.h
DRAIN_SECONDS = 40  # longer than the longest call to another system


class Worker:
    """Runs until `stop` is set; signs on, shows signs of life, signs off."""

    def __init__(self, engine: sa.Engine, office: Office, watch: Watch) -> None:
        self._engine = engine
        self._lease = watch.current().runtime.worker_lease
        # DBOS takes workers with the same id for one process and would redo their work at each start
        self.executor_id = f"{socket.gethostname()[:24]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.stop = threading.Event()
        self._nudges = Nudges(engine)
        self._runner = Runner(office, watch, self._nudges.send)
        self._runner.stopping = self.stop.is_set

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; running verbs end, no new one begins."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stop.set())
        _save_memory()
        self._sign_of_life()
        self._launch()
        log.info("worker started", executor=self.executor_id)
        while not self.stop.wait(self._lease.total_seconds() / 5):
            self._sign_of_life()
        DBOS.destroy(workflow_completion_timeout_sec=DRAIN_SECONDS)
        self._sign_off()
        log.info("worker stopped", executor=self.executor_id)

    def _sign_off(self) -> None:
        """Leave, unless a verb outlived the drain: a clock hands that on when the lease is over."""
        if self._nudges.unfinished(self.executor_id):
            return
        with self._engine.begin() as connection:
            systems.worker_gone(connection, self.executor_id)

    def _sign_of_life(self) -> None:
        try:
            with self._engine.begin() as connection:
                systems.worker_seen(connection, self.executor_id, machine_now())
        except sa.exc.OperationalError:
            log.warning("no sign of life: the database does not answer", executor=self.executor_id)

    def _launch(self) -> None:
        settings: DBOSConfig = {
            "name": APPLICATION_NAME,
            "system_database_engine": self._engine,
            "executor_id": self.executor_id,
            "application_version": APPLICATION_VERSION,
            "max_executor_threads": THREADS,
            "run_migrations": False,
            "enable_otlp": False,
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
        dbos = DBOS(config=settings)
        look_at = self._runner.look_at

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        def look_at_case(case_id: str) -> None:
            """A nudge: look at this case."""
            look_at(case_id)

        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        options: dict[str, Any] = {"partition_concurrency": 1, "worker_concurrency": THREADS}
        DBOS.register_queue(QUEUE, **options, polling_interval_sec=POLL_SECONDS, on_conflict="never_update")
        poll_lightly(dbos._sys_db, self._engine)


def _save_memory() -> None:
    """Let all threads allocate from two arenas: glibc's default is one each, 30 MB that are never given back."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such door
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
