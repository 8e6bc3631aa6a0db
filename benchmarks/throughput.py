"""Closings from end to end, beside the floor: a script that makes the same five calls and keeps nothing.

Each closing is one issue with its remote link, its key in the CRM and a ticket that is closed. The floor and the bot
call the same sandbox, a process of its own, in turn within one run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import local

import requests
import sqlalchemy as sa

from benchmarks.bodies import CRM, closing_of, headers_of
from benchmarks.figures import show
from benchmarks.servers import Maker, command, fresh, sandbox, stores, web
from store.database import connect
from store.tables import deliveries as d
from tests.bot import free_port
from tests.tickets import ticket

TICKETS = 300
CONNECTIONS = 20
FLOOR_THREADS = 8  # more make it slower
WARMING = 20
STALL_SECONDS = 60
COLUMNS = ("", "tickets/s", "of the floor", "worker CPU ms", "worker PSS MB", "all PSS MB")


@dataclass(frozen=True)
class Outcome:
    """Tickets a second, the worker's milliseconds of CPU a ticket, and megabytes of the worker and of all processes."""

    rate: float
    cpu: float
    worker: float
    everything: float


def main(tickets: int = TICKETS) -> None:
    """Measure on each database."""
    with stores() as makers:
        rows: list[list[object]] = []
        for name, maker in makers.items():
            floor = _floor(tickets)
            bot = _bot(maker, tickets)
            rows += [["the floor", floor, 1.0, "", "", ""]]
            rows += [[name, bot.rate, bot.rate / floor, bot.cpu, bot.worker, bot.everything]]
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
    with _running(maker) as (env, url, port, worker, pids):
        names = _put(url, tickets + WARMING)
        engine = connect(env["DATABASE_URL"], pool_size=1)
        try:
            _send(port, names[:WARMING])
            _wait(engine, WARMING)
            spent, began = _cpu(worker), time.perf_counter()
            _send(port, names[WARMING:])
            _wait(engine, tickets + WARMING)
            took = time.perf_counter() - began
            spent = _cpu(worker) - spent
        finally:
            engine.dispose()
        return Outcome(tickets / took, spent * 1000 / tickets, _megabytes(worker), sum(map(_megabytes, pids)))


@contextmanager
def _running(maker: Maker) -> Iterator[tuple[dict[str, str], str, int, int, list[int]]]:
    """The environment, the sandbox's address, the web's port, the worker's process, and all processes of the bot."""
    port = free_port()
    with ExitStack() as stack:
        url = stack.enter_context(sandbox())
        env = stack.enter_context(fresh(maker, url))
        stack.enter_context(web(env, port=port))
        worker, clock = (stack.enter_context(command(env, role)).pid for role in ("worker", "clock"))
        yield env, url, port, worker, [worker, clock, *_children(os.getpid(), ("gunicorn",))]


def _children(parent: int, names: tuple[str, ...]) -> list[int]:
    """The processes below one whose command names one of these."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        pid = int(stat.parent.name)
        if int(after[1]) == parent and any(name in command for name in names):
            found += [pid, *_children(pid, names)]
    return found


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


def _wait(engine: sa.Engine, count: int) -> None:
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


def _cpu(pid: int) -> float:
    """The seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    """What a process takes of memory, what it shares counted once among those who share it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
