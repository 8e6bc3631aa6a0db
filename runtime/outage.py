"""Logs database outages: one line a minute while the database is away, and one when it is back."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
import structlog

log = structlog.get_logger("database")
SAY_SECONDS = 60
DATABASE_AWAY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)


class Outage:
    """One process's view of the database's outages, shared by all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said_at = -math.inf
        self._away = False

    def met(self, error: Exception) -> None:
        """Record that the database failed, and log it unless that was done in the last minute."""
        with self._lock:
            self._away, now = True, time.monotonic()
            if now - self._said_at < SAY_SECONDS:
                return
            self._said_at = now
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        log.warning("the database does not answer", reason=reason[0] if reason else type(error).__name__)

    def attempt(self, duty: Callable[[], object]) -> bool:
        """Do something that needs the database; return False if the database was away."""
        try:
            duty()
        except DATABASE_AWAY as error:
            self.met(error)
            return False
        self.over()
        return True

    def over(self) -> None:
        """Record that the database answered, and log it if it was away before."""
        if not self._away:
            return
        with self._lock:
            back, self._away = self._away, False
        if back:
            log.info("the database answers again")
