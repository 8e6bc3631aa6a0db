"""200 requests that fall due in the same second, in the night: when all have fired, each once, and what a webhook
that is posted meanwhile waits for its acknowledgement.

Nobody works at that hour and no hours are quiet: each reminder tells the department's chat and the agent, and puts the
words to the client off, which is the longest way that a reminder can go. All processes as shipped: one of each.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from benchmarks.bodies import CRM, headers_of
from benchmarks.figures import percentile, show
from benchmarks.servers import ROOT, Maker, command, fresh, stores, web
from config.settings import Settings
from runtime.process import Process
from sandbox.live import LiveSandbox
from store.requests import client_key, timer_key
from store.tables import deliveries, timers
from store.tables.requests import reminders, requests
from tests.tickets import ticket

DUE = 200
NIGHT = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)  # 3:30 in Moscow, a Friday
LEAD = timedelta(seconds=8)  # from the start of the clock to the second in which all fall due
EVERY = 0.1  # seconds between two webhooks
PATIENCE = 120.0
COLUMNS = ("", "requests", "fired once", "in s", "webhooks", "p50 ms", "slowest ms")


def main(due: int = DUE) -> None:
    """Measure on each database."""
    with stores() as makers:
        rows = [_measure(name, maker, due) for name, maker in makers.items()]
    show(f"{due} requests due in the same second of the night", COLUMNS, rows)


def _measure(name: str, maker: Maker, due: int = DUE) -> list[object]:
    with TemporaryDirectory() as folder, LiveSandbox(data_dir=folder) as sandbox, fresh(maker, sandbox.url) as given:
        env = given | _without_quiet_hours(Path(folder)) | {"DATA_DIR": folder}
        env["CHAT_SERVICE"] = f"json://{sandbox.url.removeprefix('http://')}/chat/service"
        process = Process(Settings.read(env))
        try:
            moment = NIGHT + LEAD
            sandbox.clock(set=(NIGHT - timedelta(hours=1)).isoformat())  # while the processes start nothing is due
            _put(process, sandbox, due, moment)
            with ExitStack() as running:
                port = running.enter_context(web(env))
                running.enter_context(command(env, "worker"))
                running.enter_context(command(env, "clock"))
                time.sleep(LEAD.total_seconds())  # until all are there
                with _posting(port) as waited:
                    sandbox.clock(set=NIGHT.isoformat())
                    began = time.monotonic() + LEAD.total_seconds()
                    _wait(process, due)
                    took = time.monotonic() - began
            once = _rung_once(process)
            assert once == len(sandbox.chat("service")) == due, f"{once} of {due} fired once"
        finally:
            process.engine.dispose()
    return [name, due, once, took, len(waited), percentile(waited, 50), max(waited)]


def _without_quiet_hours(folder: Path) -> dict[str, str]:
    """The shipped tables, but that reminders go out at every hour."""
    tables = folder / "tables"
    tables.mkdir()
    for path in (ROOT / "config").glob("*.yml"):
        shutil.copy(path, tables)
    path = tables / "departments.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('quiet_hours: ["21:00", "09:00"]', "quiet_hours: null"), encoding="utf-8")
    return {"CONFIG_DIR": str(tables)}


def _put(process: Process, sandbox: LiveSandbox, count: int, moment: datetime) -> None:
    """So many open requests, each with its ticket and its timer of this moment."""
    since = moment - timedelta(hours=24)
    row = {"source": "webcrm", "department": "service", "number": 1, "origin": "webcrm", "state": "open", "text": "?"}
    row |= {"answer_required": True, "since": since, "due_at": moment, "next_at": moment, "ring": 1, "opened_by": "b"}
    ring = {"kind": "request", "due_at": moment, "state": "pending", "made_at": since}
    numbers = range(1, count + 1)
    for number in numbers:
        sandbox.put_ticket(ticket(id=f"t{number}"))
    with process.engine.begin() as connection:
        connection.execute(sa.insert(requests), [{**row, "id": n, "ticket_id": f"t{n}"} for n in numbers])
        connection.execute(sa.insert(timers), [{**ring, "key": timer_key(n, 1)} for n in numbers])


@contextmanager
def _posting(port: int) -> Iterator[list[float]]:
    """Post a webhook every `EVERY` seconds while the block runs, from a process of its own: the sandbox is busy in this
    one. After the block: the milliseconds until each was acknowledged.
    """
    spawn = multiprocessing.get_context("spawn")
    begun, stop, told = spawn.Event(), spawn.Event(), spawn.Queue()
    poster = spawn.Process(target=_post, args=(port, begun, stop, told))
    poster.start()
    begun.wait(PATIENCE)
    waited: list[float] = []
    try:
        yield waited
    finally:
        stop.set()
        waited += told.get(timeout=PATIENCE)
        poster.join()


def _post(port: int, begun: Event, stop: Event, told: Queue[list[float]]) -> None:
    waited: list[float] = []
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        while not stop.wait(EVERY) or not waited:
            name = f"meanwhile-{len(waited)}"
            body = json.dumps(_message(name), ensure_ascii=False).encode()
            headers = headers_of(body, name)
            asked = time.perf_counter()
            connection.request("POST", CRM, body, headers)
            answer = connection.getresponse()
            answer.read()
            waited.append((time.perf_counter() - asked) * 1000)
            begun.set()
            if answer.status != http.client.ACCEPTED:
                break
    told.put(waited)


def _message(name: str) -> dict[str, object]:
    """A partner's message in a ticket that waits for nothing."""
    said = {"id": "m1", "at": "2026-11-20T03:30:00+03:00", "author": {"role": "partner"}, "text": "Есть новости?"}
    about = {"id": f"other-{name}", "messages": [{**said, "visibility": "public"}]}
    event = {"id": name, "type": "ticket.message", "occurred_at": "2026-11-20T03:30:00+03:00"}
    return {**event, "ticket": about, "message_id": "m1"}


def _wait(process: Process, due: int) -> None:
    """Until so many timers are done."""
    done = sa.select(sa.func.count()).where(deliveries.c.type == "alarm.due", deliveries.c.state == "done")
    deadline, count = time.monotonic() + PATIENCE, 0
    while time.monotonic() < deadline:
        with process.engine.connect() as connection:
            count = connection.execute(done).scalar() or 0
        if count >= due:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{count} of {due} timers were done in {PATIENCE:.0f} s")


def _rung_once(process: Process) -> int:
    """How many requests have told their department once and their agent once, and wait to tell their client."""
    told = sa.select(reminders.c.request).group_by(reminders.c.request)
    once = told.having(sa.func.count() == 2, sa.func.count(sa.distinct(reminders.c.told)) == 2)
    with process.engine.connect() as connection:
        fired = set(connection.execute(once).scalars())
        keys = set(connection.execute(sa.select(timers.c.key).where(timers.c.state == "pending")).scalars())
    return sum(client_key(number) in keys for number in fired)
