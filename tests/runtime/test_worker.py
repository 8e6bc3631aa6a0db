"""Workers as processes: told to stop, asleep past their lease, side by side, and left without a nudge."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient
from flask import request

from desk.clock import machine_now
from runtime.clock import Clock
from store.tables import deliveries, workers
from tests.bot import Bot
from tests.runtime.crashes import VERBS, end, zygote
from tests.runtime.waiting import until, until_reached
from tests.tickets import closing, ticket

CREATE = "POST /rest/api/3/issue"


@dataclass
class Shop:
    """A bot whose work real processes do."""

    bot: Bot
    folder: Path
    running: list[int]

    def start(self, role: str = "worker") -> int:
        """Start a process and wait until it says so; its id."""
        log = self.folder / f"{role}{len(self.running)}.log"
        pid = zygote().start(self.bot.env, log, role)
        self.running.append(pid)
        until(lambda: f"{role} started" in (log.read_text() if log.exists() else ""), f"{role} starts", log=log)
        return pid

    def end(self, pid: int) -> int:
        """End a process in order; its status."""
        self.running.remove(pid)
        return end(pid, signal.SIGTERM)

    def close(self) -> str:
        """A closing of a new ticket arrives; its delivery's id."""
        made = ticket()
        self.bot.sandbox.put_ticket(made)
        event = closing(made)
        assert self.bot.crm(event) == 202
        return str(event["id"])

    def slow(self, **fault: Any) -> None:
        """Let the next creation of an issue take a while."""
        self.bot.sandbox.fault(system="jira", match=CREATE, delay=2.5, **fault)

    def created(self) -> int:
        """How often Jira was asked to create an issue."""
        return sum((call["method"], call["path"]) == tuple(CREATE.split()) for call in self.bot.sandbox.calls("jira"))

    def creating(self) -> bool:
        """Whether Jira is being asked to create an issue at this moment."""
        under_way = [call for _, call in self.bot.sandbox.state.calls._seen if call["status"] is None]
        return any((call["method"], call["path"]) == tuple(CREATE.split()) for call in under_way)

    def written(self) -> int:
        """How often anything was written anywhere, besides the issue whose answer is late."""
        return sum(call["method"] != "GET" for call in self.bot.sandbox.calls()) - self.created()

    def signed_on(self) -> list[str]:
        """The workers that count as alive or were not taken over yet."""
        with self.bot.engine.connect() as connection:
            return list(connection.execute(sa.select(workers.c.executor_id)).scalars())

    def put_to_sleep(self, pid: int) -> bool:
        """Stop a process; False when it was writing: whoever sleeps over SQLite's lock stops everybody."""
        os.kill(pid, signal.SIGSTOP)
        url = self.bot.engine.url
        if url.get_backend_name() != "sqlite":
            return True
        with contextlib.closing(sqlite3.connect(str(url.database), timeout=0.1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return False
            return True

    def count(self, state: str) -> int:
        """How many deliveries are in a state."""
        query = sa.select(sa.func.count()).where(deliveries.c.state == state)
        with self.bot.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def clock(self) -> Clock:
        """A clock in this process."""
        return Clock(self.bot.engine, self.bot.process.office, self.bot.watch)

    def finish(self, *names: str) -> None:
        """Wait until the deliveries are done: one issue each, nothing twice, nothing left out."""
        clock = self.clock()

        def done() -> bool:
            clock.take_over()
            clock.nudge_due()
            return all(self.bot.delivery(name).state == "done" for name in names)

        until(done, "the deliveries are done", seconds=60, log=self.folder / "worker0.log")
        for name in names:
            assert [(verb, outcome) for _, verb, outcome in self.bot.steps(name)] == [(verb, "done") for verb in VERBS]
        assert len(self.bot.sandbox.issues()) == len(names)
        paths = [call["path"] for call in self.bot.sandbox.calls("jira")]
        assert sum(path.endswith("/remotelink") for path in paths) == len(names)


@pytest.fixture
def shop(any_bot: Bot, tmp_path: Path) -> Iterator[Shop]:
    """Processes over each database; all are gone afterwards."""
    made = Shop(any_bot, tmp_path, [])
    yield made
    for pid in made.running:
        end(pid)


def test_a_worker_that_is_told_to_stop_ends_its_verb_and_leaves_the_rest_to_the_next(shop: Shop) -> None:
    worker = shop.start()
    shop.slow()
    name = shop.close()
    until(shop.creating, "the issue is being created")
    assert shop.end(worker) == 0
    assert len(shop.bot.sandbox.issues()) == 1
    row = shop.bot.delivery(name)
    assert (row.state, row.nudged_at) == ("waiting", None)
    assert [(verb, outcome) for _, verb, outcome in shop.bot.steps(name)] == [(verb, "done") for verb in VERBS[:2]]
    assert shop.signed_on() == []
    shop.start()
    shop.finish(name)
    assert shop.created() == 1


def test_a_worker_that_slept_past_its_lease_does_nothing_twice(shop: Shop) -> None:
    sleeper = shop.start()
    shop.slow(after_effect=True)
    name = shop.close()
    until(shop.bot.sandbox.issues, "the issue is made, and not answered yet")
    until(lambda: shop.put_to_sleep(sleeper), "it sleeps outside a transaction")
    shop.start()
    shop.finish(name)
    written = shop.written()
    os.kill(sleeper, signal.SIGCONT)
    until(lambda: len(shop.signed_on()) == 2, "the sleeper is alive again")
    assert shop.end(sleeper) == 0  # after what it was doing
    assert (shop.written(), shop.created()) == (written, 1)
    assert shop.bot.delivery(name).state == "done"
    again = shop.close()
    shop.finish(name, again)


def test_a_second_worker_does_not_redo_what_the_first_one_does(shop: Shop) -> None:
    shop.start()
    shop.slow()
    name = shop.close()
    until(shop.creating, "the issue is being created")
    shop.start()
    until(lambda: len(shop.signed_on()) == 2, "both are alive")
    shop.finish(name)
    assert shop.created() == 1


def test_a_nudge_that_was_lost_is_made_good_by_the_clock(shop: Shop) -> None:
    name = shop.close()
    client = DBOSClient(system_database_engine=shop.bot.engine, lazy=True)
    client.delete_workflows([nudge.workflow_id for nudge in client.list_workflows()])
    with shop.bot.engine.begin() as connection:
        long_ago = machine_now() - timedelta(seconds=61)
        connection.execute(sa.update(deliveries).values(nudged_at=long_ago))
    shop.start()
    clock = shop.start("clock")
    until(lambda: shop.bot.delivery(name).state == "done", "the clock's sweep finds it")
    assert shop.end(clock) == 0
    shop.finish(name)


def test_a_worker_that_was_only_thought_dead_is_not_blocked_by_what_was_handed_on(shop: Shop) -> None:
    held, busy, in_all = threading.Event(), 32, 40  # as many as a worker has threads, and some more
    asked: list[str] = []

    def hold() -> None:
        if request.path.endswith("/messages"):
            asked.append(request.path)
            held.wait(25)

    shop.bot.sandbox.state.watchers.append(hold)
    made = [ticket(type="Финансы", subtype="Сверка") for _ in range(in_all)]  # one note each in the CRM
    shop.start()
    for one in made:
        shop.bot.sandbox.put_ticket(one)
        assert shop.bot.crm(closing(one)) == 202
    until(lambda: len(asked) == busy, "all threads are busy")

    def thought_dead() -> int:
        with shop.bot.engine.begin() as connection:
            connection.execute(sa.update(workers).values(seen_at=machine_now() - timedelta(minutes=1)))
        return shop.clock().take_over()

    assert until(thought_dead, "a clock takes over") == busy
    held.set()
    until_reached(lambda: shop.count("done"), in_all, "all are done")
    for one in made:
        notes = shop.bot.sandbox.ticket(one["id"])["messages"]
        assert [note["visibility"] for note in notes].count("internal") == 1
