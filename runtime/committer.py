"""Group commit: concurrent requests share one transaction.

SQLite has one writer, and each commit is an fsync. With a transaction per request 20 connections queue for
the lock; with one committer thread a whole batch costs one fsync (see `docs/adr/0003`). PostgreSQL gains from
fewer round trips in the same way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import sqlalchemy as sa

from store.database import take_write_lock

MAX_BATCH = 64
IDLE_SECONDS = 5.0  # after which the thread ends: it would keep alive an engine that nobody else uses
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Job(Generic[Item, Answer]):
    """An item on its way, and the caller that waits for it."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self.follower: _Job[Item, Answer] | None = None
        self._asleep = threading.Lock()  # a Future costs three times as many switches between threads
        self._asleep.acquire()

    def wake(self) -> None:
        """Wake the waiting caller."""
        self._asleep.release()

    def result(self) -> Answer:
        """Wait for the answer, or raise the error.

        Each caller wakes the next one of the batch: woken all at once, they would only queue for the GIL.
        """
        self._asleep.acquire()
        if self.follower is not None:
            self.follower.wake()
        if self.error is not None:
            raise self.error
        return cast(Answer, self.answer)


class Committer(Generic[Item, Answer]):
    """Writes items in batches on a thread of its own, which starts with the first item and ends when idle.

    `write` gets a connection in a transaction and a batch, and returns an answer for each item.
    """

    def __init__(self, engine: sa.Engine, write: Callable[[sa.Connection, Sequence[Item]], Sequence[Answer]]) -> None:
        self._engine = engine
        self._write = write
        self._jobs: deque[_Job[Item, Answer]] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def commit(self, item: Item) -> Answer:
        """Write `item` in a shared transaction; returns after the commit, with its answer.

        When a batch fails, its items are written again one by one, so the error reaches only the item's own caller.
        """
        job: _Job[Item, Answer] = _Job(item)
        with self._wake:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
                self._thread.start()
            self._jobs.append(job)
            self._wake.notify()
        return job.result()

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._wake.wait_for(lambda: self._jobs, IDLE_SECONDS):
                    self._thread = None
                    return
                batch = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_BATCH))]
            self._commit(batch)

    def _commit(self, batch: list[_Job[Item, Answer]]) -> None:
        try:
            with self._engine.begin() as connection:
                take_write_lock(connection)
                answers = self._write(connection, [job.item for job in batch])
        except Exception as error:
            if len(batch) > 1:
                for job in batch:
                    self._commit([job])
                return
            batch[0].error = error
        else:
            for job, answer, follower in zip(batch, answers, [*batch[1:], None], strict=True):
                job.answer, job.follower = answer, follower
        batch[0].wake()
