"""Group commit: threads that write at the same time share one transaction.

SQLite has one writer, and each commit is an fsync. With a transaction for each, threads queue for the lock; together
they pay for one (see `docs/adr/0003`). PostgreSQL gains from fewer round trips in the same way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa

from store.database import refuse_second_connection, take_write_lock
from store.dialect import is_postgresql

MAX_BATCH = 64
Item = TypeVar("Item")
Answer = TypeVar("Answer")
T = TypeVar("T")


class _Job(Generic[Item, Answer]):
    """An item on its way, and the thread that waits for it."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.is_over = False
        self.answer: Answer | None = None
        self.error: BaseException | None = None
        self.follower: _Job[Item, Answer] | None = None
        self._asleep = threading.Lock()  # a Future costs three times as many switches between threads
        self._asleep.acquire()

    def sleep(self) -> None:
        """Wait until the item is written, or this thread is the one to write."""
        self._asleep.acquire()

    def wake(self) -> None:
        """Let the waiting thread continue."""
        self._asleep.release()

    def end(self, answer: Answer | None, error: BaseException | None = None) -> None:
        """Record how it ended."""
        self.answer, self.error, self.is_over = answer, error, True

    def result(self) -> Answer:
        """Return the answer, or raise the error.

        Each thread of a batch wakes the next one: all at once would only queue for the interpreter's lock.
        """
        if self.follower is not None:
            self.follower.wake()
        if self.error is not None:
            raise self.error
        return cast(Answer, self.answer)


class Committer(Generic[Item, Answer]):
    """Writes items in batches: the first thread that comes writes its own, then the next one all that has gathered.

    `write` gets a transaction and a batch, and returns an answer for each item. It is called in the thread of one of
    the callers, none of which may hold a connection.
    """

    def __init__(self, engine: sa.Engine, write: Callable[[sa.Connection, Sequence[Item]], Sequence[Answer]]) -> None:
        self._engine = engine
        self._write = write
        self._guard = threading.Lock()
        self._jobs: deque[_Job[Item, Answer]] = deque()
        self._is_writing = False

    def commit(self, item: Item) -> Answer:
        """Write `item` in a shared transaction; return its answer after the commit.

        An item that cannot be written raises for its own caller; the others of its batch are written one by one.
        """
        refuse_second_connection(self._engine)
        job: _Job[Item, Answer] = _Job(item)
        with self._guard:
            self._jobs.append(job)
            must_wait, self._is_writing = self._is_writing, True
        if must_wait:
            job.sleep()
        if not job.is_over:
            self._write_batch()
        return job.result()

    def _write_batch(self) -> None:
        """Write what has gathered, of which the caller's is the oldest; then it is the next one's turn."""
        with self._guard:
            batch = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_BATCH))]
        self._commit(batch)
        for job, follower in pairwise(batch):
            job.follower = follower
        with self._guard:
            successor = self._jobs[0] if self._jobs else None
            self._is_writing = successor is not None
        if successor is not None:
            successor.wake()

    def _commit(self, batch: list[_Job[Item, Answer]]) -> None:
        try:
            with self._engine.begin() as connection:
                take_write_lock(connection)
                answers = self._write(connection, [job.item for job in batch])
        except BaseException as error:  # it is raised again, in the thread of whoever asked for it
            if len(batch) > 1 and isinstance(error, Exception):
                for job in batch:
                    self._commit([job])
                return
            for job in batch:
                job.end(None, error)
        else:
            for job, answer in zip(batch, answers, strict=True):
                job.end(answer)


class Transactions:
    """Gives each write a transaction. On SQLite those that come at the same time share one.

    PostgreSQL has many writers, which would only wait for each other.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._committer = None if is_postgresql(engine) else Committer[Once, Any](engine, one_by_one)

    def run(self, write: Callable[[sa.Connection], T]) -> T:
        """Call `write` in a transaction; return its answer after the commit. What it raises undoes it."""
        if self._committer is not None:
            return cast(T, self._committer.commit(Once(write)))
        with self._engine.begin() as connection:
            return write(connection)


class Once:
    """A write of one caller. One that failed is not tried again when its batch is repeated: its own state is spent."""

    def __init__(self, write: Callable[[sa.Connection], Any]) -> None:
        self._write = write
        self._error: Exception | None = None

    def __call__(self, connection: sa.Connection) -> Any:
        """Call it, or raise again what the first call raised."""
        if self._error is not None:
            raise self._error
        try:
            return self._write(connection)
        except Exception as error:
            self._error = error
            raise


def one_by_one(connection: sa.Connection, writes: Sequence[Callable[[sa.Connection], T]]) -> list[T]:
    """Call each in turn; for a `Committer`."""
    return [write(connection) for write in writes]
