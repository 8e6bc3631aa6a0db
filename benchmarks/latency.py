"""From the acknowledgement of an event to Jira's first call about it, with real web, worker and clock processes.

The sender and the sandbox share this process, and so its monotonic clock. The sandbox sends its webhooks back to the
bot, which are work for it as well. Once more beside a busy loop on each core: aims are a p50 of 40 ms, of 100 then.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import request

from benchmarks.bodies import CRM, closing_of, headers_of
from benchmarks.figures import percentile, show
from benchmarks.processes import busy_cores
from benchmarks.servers import Maker, command, fresh, stores, web
from sandbox.live import LiveSandbox
from tests.bot import free_port
from tests.tickets import ticket

PER_SECOND = 10
SECONDS = 30
WARMING = 10  # tickets that are not counted: imports, the component list, connections
SENDERS = 4
LAST_SECONDS = 60  # that the bot may take to come to the last ticket
_NAME = re.compile(r"latency-\d{4}")


class Stamps:
    """Monotonic moments by ticket id."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, float] = {}
        self.called: dict[str, float] = {}

    def note_call(self) -> None:
        """Before each call that the sandbox gets: Jira's first one that names a ticket."""
        if request.path.startswith("/rest/"):
            now = time.perf_counter()
            for name in _NAME.findall(request.url + request.get_data(as_text=True)):
                self.called.setdefault(name, now)


def main() -> None:
    """Measure on each database."""
    with stores() as makers:
        rows = [_measure(name, maker, nullcontext()) for name, maker in makers.items()]
        rows += [_measure(f"{name}, all cores busy", maker, busy_cores()) for name, maker in makers.items()]
    title = f"Acknowledgement to Jira's first call, {PER_SECOND} events a second for {SECONDS} s"
    show(title, ("", "events", "p50 ms", "p90 ms", "p99 ms", "slowest ms"), rows)


def _measure(name: str, maker: Maker, beside: AbstractContextManager[None]) -> list[object]:
    stamps = Stamps()
    with _bot(maker, stamps) as port:
        for number in range(WARMING):
            _post(port, stamps, _name(number))
        _wait(stamps, WARMING)
        count = WARMING + PER_SECOND * SECONDS
        with beside:
            _send(port, stamps, range(WARMING, count))
            _wait(stamps, count)
    times = [
        (stamps.called[ticket] - stamps.acknowledged[ticket]) * 1000
        for ticket in map(_name, range(WARMING, WARMING + PER_SECOND * SECONDS))
    ]
    return [name, len(times), *(percentile(times, percent) for percent in (50, 90, 99, 100))]


@contextmanager
def _bot(maker: Maker, stamps: Stamps) -> Iterator[int]:
    port = free_port()
    with TemporaryDirectory() as folder:
        sandbox = LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=Path(folder))
        sandbox.state.watchers.append(stamps.note_call)
        with ExitStack() as stack:
            env = stack.enter_context(fresh(maker, stack.enter_context(sandbox).url))
            for number in range(WARMING + PER_SECOND * SECONDS):
                sandbox.put_ticket(ticket(id=_name(number)))
            for process in (web(env, port=port), command(env, "worker"), command(env, "clock")):
                stack.enter_context(process)
            yield port


def _name(number: int) -> str:
    return f"latency-{number:04}"


def _post(port: int, stamps: Stamps, name: str) -> None:
    body = closing_of(name)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", CRM, body, headers_of(body, name))
    status = connection.getresponse().status
    stamps.acknowledged[name] = time.perf_counter()
    connection.close()
    if status != http.client.ACCEPTED:
        raise RuntimeError(f"{name} was answered with {status}")


def _send(port: int, stamps: Stamps, numbers: range) -> None:
    """One event every tenth of a second, whatever became of those before."""
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as senders:
        sent = []
        for place, number in enumerate(numbers):
            threading.Event().wait(max(0.0, began + place / PER_SECOND - time.perf_counter()))
            sent.append(senders.submit(_post, port, stamps, _name(number)))
        for one in sent:
            one.result()


def _wait(stamps: Stamps, count: int) -> None:
    deadline = time.monotonic() + LAST_SECONDS
    while len(stamps.called) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Jira was called about {len(stamps.called)} of {count} tickets")
        time.sleep(0.1)
