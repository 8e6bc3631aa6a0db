"""Limits how many threads of a process one system may occupy, so that a slow one leaves threads for the others."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from desk.clock import machine_now
from desk.faults import Later

MOST = 12  # half of the threads of a web process
PATIENCE = 1.0  # seconds
PUT_OFF = (5.0, 15.0)  # seconds; random, or all rejected calls would come back at once


class Places:
    """A place for each call in progress, by system.

    A call without a place waits for one, but only while places are being freed: a busy system is not a slow one.
    """

    def __init__(self, most: int = MOST, patience: float = PATIENCE) -> None:
        self.most = most
        self._patience = patience
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()
        self._moved: dict[str, float] = {}  # when a place of a system was last taken or given back

    @contextmanager
    def place(self, system: str) -> Iterator[None]:
        """Hold a place for a call to a system; raise `Later`, which spends no attempt, if there is none."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken[system] < self.most, self._worth_waiting(system)):
                at = machine_now() + timedelta(seconds=random.uniform(*PUT_OFF))  # noqa: S311 # not a secret
                raise Later(f"{system} is slow, and {self.most} calls wait for it already", at=at, no_effect=True)
            self._count(system, 1)
        try:
            yield
        finally:
            with self._changed:
                self._count(system, -1)
                self._changed.notify_all()

    def _count(self, system: str, change: int) -> None:
        self._taken[system] += change
        self._moved[system] = time.monotonic()

    def _worth_waiting(self, system: str) -> float:
        return self._moved.get(system, 0.0) + self._patience - time.monotonic()
