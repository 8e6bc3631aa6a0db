"""The load generator, a process of its own: keep-alive connections that send the next request after each answer.

Requests are signed and built before the clock starts, and one thread serves all sockets, so that the generator takes
a tenth of the time of what it measures. It reads orders, a JSON list of `order`'s arguments a line, and answers each
with an `Outcome`.
"""

from __future__ import annotations

import itertools
import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from benchmarks.bodies import Request, requests
from benchmarks.figures import percentile

CONNECTIONS = 20
FASTEST = 5000  # requests a second that are prepared for; a sender that runs out of them ends early
ANSWER_SECONDS = 30
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


@dataclass(frozen=True)
class Outcome:
    """What one run measured; times are milliseconds."""

    count: int
    seconds: float
    p50: float
    p99: float
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        """Acknowledgements (202) a second."""
        return self.statuses.get("202", 0) / self.seconds


class Generator:
    """The generator's process; a context manager."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.load"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._names = itertools.count()

    def __enter__(self) -> Generator:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, port: int, path: str, seconds: float) -> Outcome:
        """Keep all connections busy for so long; every delivery is a new one."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the generator has no pipes")
        self._process.stdin.write(json.dumps([port, path, seconds, f"r{next(self._names)}"]) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))


@dataclass
class _Connection:
    """One keep-alive connection and the request under way on it."""

    socket: socket.socket
    began: float = 0.0
    answer: bytes = b""

    def send(self, request: bytes) -> None:
        self.answer = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Read what has come; the status once the answer is whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed a connection that was to be kept")
        self.answer += chunk
        head, found, body = self.answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if found else None
        if length is None or len(body) < int(length[1]):
            return None
        return int(head[9:12])


@dataclass
class _Load:
    """All connections; `times` are seconds."""

    port: int
    requests: Iterator[Request]
    times: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def go(self, seconds: float) -> float:
        """Keep every connection busy for so long, then let the last answers come; the seconds it took."""
        with selectors.DefaultSelector() as selector:
            began = time.perf_counter()
            for _ in range(CONNECTIONS):
                opened = _Connection(socket.create_connection(("127.0.0.1", self.port)))
                opened.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(opened.socket, selectors.EVENT_READ, opened)
                opened.send(next(self.requests))
            while selector.get_map():
                ready = selector.select(ANSWER_SECONDS)
                if not ready:
                    raise TimeoutError(f"no answer within {ANSWER_SECONDS} s")
                for key, _ in ready:
                    if self._read(key.data) and not self._next(key.data, until=began + seconds):
                        selector.unregister(key.data.socket)
                        key.data.socket.close()
            return time.perf_counter() - began

    def _read(self, connection: _Connection) -> bool:
        status = connection.receive()
        if status is None:
            return False
        self.times.append(time.perf_counter() - connection.began)
        self.statuses[str(status)] += 1
        return True

    def _next(self, connection: _Connection, *, until: float) -> bool:
        request = next(self.requests, None) if time.perf_counter() < until else None
        if request is not None:
            connection.send(request)
        return request is not None


def order(port: int, path: str, seconds: float, prefix: str) -> Outcome:
    """One run."""
    prepared = list(requests(path, prefix, round(seconds * FASTEST)))
    load = _Load(port, iter(prepared))
    took = load.go(seconds)
    times = [moment * 1000 for moment in load.times]
    return Outcome(len(times), took, percentile(times, 50), percentile(times, 99), dict(load.statuses))


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asdict(order(*json.loads(line)))), flush=True)
