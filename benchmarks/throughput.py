"""Closings from end to end, beside the floor: a script that makes the same five calls and keeps nothing.

Each closing is one issue with its remote link, its key in the CRM and a ticket that is closed. The floor and the bot
call the same sandbox, a process of its own, in turn within one run. The bot has as many workers as `make run` starts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import local

import requests
import sqlalchemy as sa

from benchmarks.bodies import CRM, closing_of, headers_of
from benchmarks.counting import statements_and_commits
from benchmarks.figures import show
from benchmarks.processes import children, cpu, megabytes
from benchmarks.servers import Maker, command, counting_worker, fresh, sandbox, stores, web
from cli import run
from store.database import connect
from store.tables import deliveries as d
from tests.bot import free_port
from tests.tickets import ticket

TICKETS = 300
CONNECTIONS = 20
FLOOR_THREADS = 8  # more make it slower
WARMING = 20
STALL_SECONDS = 60
COLUMNS = ("", "tickets/s", "of the floor", "CPU ms", "statements", "commits", "worker PSS MB", "all PSS MB")


@dataclass(frozen=True)
class Outcome:
    """Tickets a second; what a ticket takes of the workers: milliseconds of CPU, statements, commits; megabytes of a
    worker and of all processes."""

    rate: float
    cpu: float
    statements: float
    commits: float
    worker: float
    everything: float


def main(tickets: int = TICKETS) -> None:
    """Measure on each database."""
    with stores() as makers:
        rows: list[list[object]] = []
        for name, maker in makers.items():
            floor = _floor(tickets)
            bot = _bot(maker, tickets)
            rows += [["the floor", floor, 1.0, *[""] * 5]]
            rate, *others = astuple(bot)
            rows += [[name, rate, rate / floor, *others]]
    show(f"{tickets} closings over {CONNECTIONS} connections, five calls each", COLUMNS, rows)


def _floor(tickets: int) -> float:
    """Tickets a second of a script."""
    with sandbox() as url:
        names = _put(url, tickets + WARMING)
        kept = local()

        def close(name: str) -> None:
            if not hasattr(kept, "session"):
                kept.session = requests.Session()
                kept.session.trust_env = False
            _five_calls(kept.session, url, name)

        with ThreadPoolExecutor(FLOOR_THREADS) as threads:
            list(threads.map(close, names[:WARMING]))
            began = time.perf_counter()
            list(threads.map(close, names[WARMING:]))
            return tickets / (time.perf_counter() - began)


def _five_calls(session: requests.Session, url: str, name: str) -> None:
    jira, crm = f"{url}/rest/api/3", f"{url}/webcrm/tickets/{name}"
    auth, bearer = ("bot@example.test", "sandbox"), {"Authorization": "Bearer sandbox-webcrm-token"}
    query = {"jql": f'labels = "webcrm-{name}" ORDER BY created ASC', "fields": ["labels"], "maxResults": 50}
    session.post(f"{jira}/search/jql", json=query, auth=auth).raise_for_status()
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Обращение партнёра"}, "summary": f"Тикет {name}"}
    made = session.post(f"{jira}/issue", json={"fields": {**fields, "labels": [f"webcrm-{name}"]}}, auth=auth)
    made.raise_for_status()
    issue = made.json()
    link = {"globalId": name, "object": {"url": f"{url}/{name}", "title": name}}
    session.post(f"{jira}/issue/{issue['id']}/remotelink", json=link, auth=auth).raise_for_status()
    session.patch(crm, json={"jira_key": issue["key"]}, headers=bearer).raise_for_status()
    once = {"Idempotency-Key": name}
    session.post(f"{crm}/close", json={"resolution": "Не решена"}, headers=bearer | once).raise_for_status()


def _bot(maker: Maker, tickets: int) -> Outcome:
    with _running(maker) as (env, url, port, workers, pids):
        names = _put(url, tickets + WARMING)
        engine = connect(env["DATABASE_URL"], pool_size=1)
        try:
            _send(port, names[:WARMING])
            wait_done(engine, WARMING)
            spent, asked, began = sum(map(cpu, workers)), _asked(env), time.perf_counter()
            _send(port, names[WARMING:])
            wait_done(engine, tickets + WARMING)
            took = time.perf_counter() - began
            spent = sum(map(cpu, workers)) - spent
            statements, commits = (now - before for now, before in zip(_asked(env), asked, strict=True))
        finally:
            engine.dispose()
        return Outcome(
            rate=tickets / took,
            cpu=spent * 1000 / tickets,
            statements=statements / tickets,
            commits=commits / tickets,
            worker=megabytes(workers[0]),
            everything=sum(map(megabytes, pids)),
        )


def _asked(env: Mapping[str, str]) -> tuple[int, int]:
    return statements_and_commits(Path(env["DATA_DIR"]))


@contextmanager
def _running(maker: Maker) -> Iterator[tuple[dict[str, str], str, int, list[int], list[int]]]:
    """The environment, the sandbox's address, the web's port, the workers, and all processes of the bot."""
    port = free_port()
    with ExitStack() as stack:
        url = stack.enter_context(sandbox())
        env = stack.enter_context(fresh(maker, url))
        del env["WORKER_LEASE"]  # as shipped; the tests' is short, and renewed five times a second
        stack.enter_context(web(env, port=port))
        workers = [stack.enter_context(counting_worker(env)).pid for _ in range(int(run.DEFAULTS["WORKERS"]))]
        clock = stack.enter_context(command(env, "clock")).pid
        yield env, url, port, workers, [*workers, clock, *children(os.getpid(), "gunicorn")]


def _put(url: str, count: int) -> list[str]:
    """New tickets in the CRM; their ids."""
    names = [f"throughput-{number}" for number in range(count)]
    with requests.Session() as session:
        session.trust_env = False
        for name in names:
            session.put(f"{url}/sandbox/webcrm/tickets/{name}", json=ticket(id=name)).raise_for_status()
    return names


def _send(port: int, names: list[str]) -> None:
    """Post the closings, over some connections at once."""

    def post(share: list[str]) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for name in share:
            body = closing_of(name)
            connection.request("POST", CRM, body, headers_of(body, name))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 202, answer.status
        connection.close()

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(post, [names[place::CONNECTIONS] for place in range(CONNECTIONS)]))


def wait_done(engine: sa.Engine, count: int) -> None:
    """Until so many closings are done."""
    done = sa.select(sa.func.count()).where(d.c.source == "webcrm", d.c.state == "done")
    moved, last = time.monotonic(), -1
    while True:
        with engine.connect() as connection:
            now = int(connection.execute(done).scalar_one())
        if now >= count:
            return
        if now != last:
            moved, last = time.monotonic(), now
        elif time.monotonic() > moved + STALL_SECONDS:
            raise TimeoutError(f"{now} of {count} closings are done, then none for {STALL_SECONDS} s")
        time.sleep(0.05)
