"""A worker of the web process in a thread of this one, and clients who send and read as they like."""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import selectors
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from runtime.serving import worker as serving
from runtime.serving.connection import Limits
from runtime.serving.request import BODY_LIMIT
from tests.bot import free_port

THREADS = 4
ANSWERS = {"/medium": bytes(200_000), "/long": b"0123456789abcdef" * (1024 * 1024)}
READ = {"/unread": 0, "/limited": BODY_LIMIT + 1}
SETTINGS: dict[str, Any] = {"threads": THREADS, "keepalive": 30, "graceful_timeout": 30, "loglevel": "error"}


def echo(environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]) -> Iterable[bytes]:
    """An application: `ANSWERS` by path, else what it was asked; of the body it reads what `READ` says, else all."""
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(READ.get(path))
    answer = ANSWERS.get(path) or told(environ["REQUEST_METHOD"], path, body)
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def told(method: str, path: str, body: bytes) -> bytes:
    """What the application answers."""
    return f"{method} {path} {len(body)} {hashlib.sha256(body).hexdigest()}".encode()


class Server:
    """The worker, listening on `port`; `settings` are gunicorn's."""

    def __init__(self, limits: Limits, settings: dict[str, Any]) -> None:
        self.port = free_port()
        config = Config()
        for name, value in (SETTINGS | settings).items():
            config.set(name, value)
        listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.worker = serving.worker_class(limits)()(1, os.getppid(), [listener], None, 30, config, Logger(config))
        self.worker.wsgi = echo
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = selectors.DefaultSelector()
        self.worker.method_queue.init()
        self._thread = threading.Thread(target=self.worker.run)
        self._thread.start()

    def stop(self) -> None:
        """What SIGTERM does."""
        self.worker.handle_exit(None, None)

    def ended(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def end(self) -> None:
        """Stop it, after the clients have gone."""
        self.stop()
        assert self.ended(30)
        assert not self.worker.nr_conns
        self.worker.tmp.close()


class Client:
    """A connection; `buffer` is how much the system keeps of what it has not read."""

    def __init__(self, port: int, buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))

    def send(self, *pieces: bytes) -> Client:
        """Send each piece in a segment of its own."""
        for piece in pieces:
            self.socket.sendall(piece)
        return self

    def send_until_closed(self, piece: bytes, *, every: float) -> None:
        """Go on sending, once in so many seconds, until the server says or closes something."""
        with contextlib.suppress(ConnectionError):
            while not select.select([self.socket], [], [], every)[0]:
                self.socket.sendall(piece)

    def head(self) -> bytes:
        """The head of the next answer."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._some(1)
        return head

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers in lower case, body."""
        status, *lines = self.head().decode().splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = b""
        while (missing := int(headers["content-length"]) - len(body)) > 0:
            body += self._some(missing)
        return int(status.split()[1]), headers, body

    def _some(self, size: int) -> bytes:
        data = self.socket.recv(min(size, 65536))
        assert data, "closed before the end of an answer"
        return data

    def everything(self) -> bytes:
        """All that comes until the server closes."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while more := self.socket.recv(65536):
                data += more
        return data
