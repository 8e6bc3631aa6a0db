"""Workers as processes: told to stop, asleep past their lease, side by side, and beside a database that goes away."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import request

from desk.clock import machine_now
from sandbox.live import LiveSandbox
from store.tables import cases as leases
from store.tables import deliveries, workers
from tests.bot import Bot, free_port
from tests.databases import Postgres
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

    def said(self, name: str) -> str:
        """What a process wrote into its log."""
        return (self.folder / f"{name}.log").read_text()

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

    def leased(self) -> list[str]:
        """The cases that some worker has."""
        with self.bot.engine.connect() as connection:
            return list(connection.execute(sa.select(leases.c.case_id)).scalars())

    def count(self, state: str) -> int:
        """How many deliveries are in a state."""
        query = sa.select(sa.func.count()).where(deliveries.c.state == state)
        with self.bot.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def finish(self, *names: str) -> None:
        """Wait until the deliveries are done: one issue each, nothing twice, nothing left out."""
        done = lambda: all(self.bot.delivery(name).state == "done" for name in names)  # noqa: E731
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
    assert shop.bot.delivery(name).state == "waiting"
    assert shop.leased() == []
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


def test_what_becomes_due_by_time_is_done_without_a_clock(shop: Shop) -> None:
    name = shop.close()
    with shop.bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).values(due_at=machine_now() + timedelta(seconds=1)))
    shop.start()
    shop.finish(name)


def test_a_worker_that_was_only_thought_dead_is_not_blocked_by_what_was_handed_on(shop: Shop) -> None:
    held, busy, in_all = threading.Event(), 16, 40  # as many threads as one system may have, and some more
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
    until(lambda: len(asked) == busy, "all threads that it may have are busy")

    with shop.bot.engine.begin() as connection:
        over = sa.update(leases).values(until=machine_now() - timedelta(seconds=1))
        assert connection.execute(over).rowcount >= busy
    shop.start()  # takes over what the first one holds, which now and then renews what is still its own
    held.set()
    until_reached(lambda: shop.count("done"), in_all, "all are done")
    for one in made:
        notes = shop.bot.sandbox.ticket(one["id"])["messages"]
        assert [note["visibility"] for note in notes].count("internal") == 1


@contextlib.contextmanager
def away(engine: sa.Engine) -> Iterator[None]:
    """A PostgreSQL that lets nobody in."""
    admin = sa.create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = engine.url.database

    def let_in(allowed: str) -> None:
        with admin.connect() as connection:
            connection.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}'))
            if allowed == "false":
                everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(sa.text(everybody), {"name": name})

    let_in("false")
    try:
        yield
    finally:
        let_in("true")


@pytest.fixture
def on_postgres(postgres: Postgres, tmp_path: Path) -> Iterator[Shop]:
    """Processes over PostgreSQL alone."""
    url, port = postgres.fresh(tmp_path), free_port()
    with (
        LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=tmp_path) as sandbox,
        Bot(url, sandbox, tmp_path, port) as bot,
    ):
        made = Shop(bot, tmp_path, [])
        yield made
        for pid in made.running:
            end(pid)
    postgres.drop(url)


def test_work_goes_on_when_the_database_is_back_and_the_log_says_once_that_it_was_away(on_postgres: Shop) -> None:
    shop = on_postgres
    worker, clock = shop.start(), shop.start("clock")
    shop.slow()
    names = [shop.close() for _ in range(3)]
    until(shop.creating, "an issue is being created")
    with away(shop.bot.engine):
        until(
            lambda: "does not answer" in shop.said("worker0") and "does not answer" in shop.said("clock1"),
            "both notice",
        )
        time.sleep(2)  # for some more tries of each
    began = time.monotonic()
    shop.finish(*names)
    assert time.monotonic() - began < 10
    shop.finish(*names, shop.close())
    for name, pid in (("worker0", worker), ("clock1", clock)):
        assert shop.end(pid) == 0
        said = shop.said(name)
        assert said.count("does not answer") == 1, said
        assert "Traceback" not in said, said
