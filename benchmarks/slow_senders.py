"""Health and webhooks beside 500 unsigned connections that are slow on purpose, and come again when they are closed.

Each kind of slowness is measured for itself: nothing is sent; a head, a body or a chunked body comes a byte a second;
the answers are not read (who does that does not come again, because what it asks for is work). What is told: how long
a request on a new connection takes, how many got no answer within `PATIENCE`, and the memory of the web processes.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bodies import CRM, closing_of, headers_of
from benchmarks.figures import percentile, show
from benchmarks.servers import Maker, fresh, stores, web

CROWD = 500
SECONDS = 12.0  # longer than a slow sender is suffered, so that some are closed and come again
PER_SECOND = 20  # requests of each kind
PATIENCE = 5.0
SETTLE = 20.0  # seconds until what the crowd asked for when it came has been done
COLUMNS = ("", "health p50 ms", "p99 ms", "webhook p50 ms", "p99 ms", "no answer", "closed", "web, MB")
_HEAD = b"POST /webhooks/webcrm HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
_ESTABLISHED = 1  # of TCP's states
_READ_NOTHING = b"GET /bootstrap/static/css/bootstrap.min.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 40
# What a slow connection sends at once, and what it sends every second afterwards.
KINDS = {
    "nothing": (b"", b""),
    "head": (_HEAD, b"x"),
    "body": (_HEAD + b"Content-Length: 2000\r\n\r\n{", b" "),
    "chunked": (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
    "answers not read": (_READ_NOTHING, b""),
}


def main() -> None:
    """Measure all kinds on both databases."""
    with stores() as makers:
        for name, maker in makers.items():
            show(f"Beside {CROWD} slow connections, {name}", COLUMNS, _measure(maker))


def _measure(maker: Maker) -> Iterator[list[Any]]:
    with fresh(maker) as env, web(env) as port:
        yield ["none", *_probe(port, "none"), 0, _megabytes(port)]
        for kind in KINDS:
            with crowd(port, kind) as slow:
                time.sleep(SETTLE)
                figures = _probe(port, kind.split()[0])
                yield [kind, *figures, slow.closed, _megabytes(port)]


class Crowd:
    """So many slow connections of a kind; `closed` counts those that the server had enough of."""

    def __init__(self, port: int, kind: str, size: int) -> None:
        self.closed = 0
        self._port = port
        self._first, self._later = KINDS[kind]
        self._sockets = [self._open() for _ in range(size)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def _open(self) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        made.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            made.connect(("127.0.0.1", self._port))
            made.sendall(self._first)
        made.setblocking(False)
        return made

    def _go_on(self) -> None:
        while not self._stop.wait(1):
            for place, slow in enumerate(self._sockets):
                with contextlib.suppress(OSError):
                    slow.send(self._later)
                if (
                    self._first is not _READ_NOTHING
                    and slow.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
                ):
                    self.closed += 1
                    slow.close()
                    self._sockets[place] = self._open()

    def leave(self) -> None:
        """Close all."""
        self._stop.set()
        self._thread.join()
        for slow in self._sockets:
            slow.close()


@contextmanager
def crowd(port: int, kind: str, size: int | None = None) -> Iterator[Crowd]:
    """Slow connections of a kind, while the block runs."""
    made = Crowd(port, kind, size or CROWD)
    try:
        yield made
    finally:
        made.leave()


def _probe(port: int, kind: str) -> list[object]:
    """The percentiles of health and of webhooks, in milliseconds, and how many got no answer."""
    health: list[float] = []
    webhooks: list[float] = []
    failed: list[str] = []
    with ThreadPoolExecutor(2 * PER_SECOND) as askers:
        asked = []
        began = time.perf_counter()
        for number in range(round(SECONDS * PER_SECOND)):
            threading.Event().wait(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            asked.append(askers.submit(_timed, health, failed, lambda: _get(port)))
            asked.append(askers.submit(_timed, webhooks, failed, partial(_post, port, f"slow-{kind}-{number}")))
        for one in asked:
            one.result()
    figures = [percentile(times, percent) for times in (health, webhooks) for percent in (50, 99)]
    return [*figures, len(failed)]


def _timed(times: list[float], failed: list[str], ask: Callable[[], None]) -> None:
    began = time.perf_counter()
    try:
        ask()
    except (OSError, http.client.HTTPException) as error:
        failed.append(type(error).__name__)
        times.append(PATIENCE * 1000)
    else:
        times.append((time.perf_counter() - began) * 1000)


def _get(port: int) -> None:
    with _connection(port) as connection:
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == http.client.OK


def _post(port: int, name: str) -> None:
    body = closing_of(name)
    with _connection(port) as connection:
        connection.request("POST", CRM, body, headers_of(body, name))
        assert connection.getresponse().status == http.client.ACCEPTED


@contextmanager
def _connection(port: int) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as made:
        yield made


def _megabytes(port: int) -> float:
    """The resident memory of the web processes on this port."""
    bound = f"127.0.0.1:{port}".encode()
    return sum(_rss(process) for process in Path("/proc").iterdir() if process.name.isdigit() and _runs(process, bound))


def _runs(process: Path, argument: bytes) -> bool:
    with contextlib.suppress(OSError):
        return argument in (process / "cmdline").read_bytes().split(b"\0")
    return False


def _rss(process: Path) -> float:
    status = (process / "status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
