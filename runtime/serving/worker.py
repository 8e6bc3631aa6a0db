"""gunicorn's gthread worker, except that a client gets a thread only once its request is complete.

The worker's single loop collects requests and sends what is left of answers, so a client that is slow, on purpose or
not, costs a socket and nothing that others need. Each part has its deadline: see docs/adr/0016.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import ThreadWorker

from runtime.serving.connection import Connection, Limits
from runtime.serving.request import BODY_LIMIT, IncomingRequest

LONG_AT_ONCE = 4  # requests too long for memory that may have threads at the same time
DISK = 20 * BODY_LIMIT  # bytes of incoming requests that may be kept on disk
LINGER = 2.0  # seconds that a client has to read its last answer, and that an idle connection outlives SIGTERM
_SWEEP = 0.25  # seconds between two checks for overdue connections
_PIECE = 128 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REFUSAL = "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LATE, _HEAD_TOO_LONG, _NO_ROOM = (
    "408 Request Timeout",
    "431 Request Header Fields Too Large",
    "503 Service Unavailable\r\nRetry-After: 30",
)


class BufferingWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """The worker class of `gunicorn.conf.py`."""

    limits = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}  # those without a thread, the longest-waiting first
        self._on_disk: set[Connection] = set()
        self._long: deque[Connection] = deque()  # complete, on disk, and not in a thread yet
        self._long_in_threads = 0
        self._next_sweep = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse to start with TLS, which ends at the proxy."""
        if cfg.is_ssl:
            raise RuntimeError("TLS ends at the proxy in front: unset certfile and keyfile")

    # Connections

    def accept(self, listener: Any) -> None:
        """Accept a client; when there is no room left, drop the one that has waited longest."""
        try:
            client_socket, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        client_socket.setblocking(False)
        connection = Connection(client_socket, client, listener.getsockname(), self.limits)
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._await(connection, self.limits.seconds)
        self._receive(connection)

    def _make_room(self) -> None:
        if self._waiting:
            self._drop(next(iter(self._waiting)))

    def _drop(self, connection: Connection) -> None:
        self._listen(connection, 0)
        connection.closed = True
        self._waiting.pop(connection, None)
        self._forget(connection)
        connection.socket.close()
        self.nr_conns -= 1

    def _forget(self, connection: Connection) -> None:
        """Discard the request."""
        self._on_disk.discard(connection)
        connection.request.close()

    def _await(self, connection: Connection, seconds: float) -> None:
        """Let a connection wait without a thread, at the end of the queue, for so many seconds."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None
        connection.deadline = time.monotonic() + seconds
        self._listen(connection, selectors.EVENT_READ)

    def _listen(self, connection: Connection, events: int) -> None:
        if events and not connection.listening:
            self.poller.register(connection.socket, events, partial(self._on_event, connection))
        elif events and events != connection.listening:
            self.poller.modify(connection.socket, events, partial(self._on_event, connection))
        elif connection.listening and not events:
            self.poller.unregister(connection.socket)
        connection.listening = events

    def _on_event(self, connection: Connection, _socket: socket.socket) -> None:
        if connection.closed:  # by an earlier event in the same round of the loop
            return
        if connection.in_thread:  # the client sends more than the request that has the thread
            self._listen(connection, 0)
        elif connection.sock.unsent:
            self._send_rest(connection)
        else:
            self._receive(connection)

    def murder_pending(self) -> None:
        """Close overdue connections, and after SIGTERM idle ones. gunicorn calls this at least once a second."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + _SWEEP
        for connection in list(self._waiting):
            if not self.alive and connection.idle:
                connection.deadline = min(connection.deadline, now + LINGER)
            if connection.deadline > now:
                continue
            if connection.request.size and not connection.answered:
                self._refuse(connection, _LATE)
            else:
                self._drop(connection)

    def murder_keepalived(self, force: bool = False) -> None:
        """With `force`, at the end, close all waiting connections; `murder_pending` closes idle ones before."""
        if force:
            for connection in list(self._waiting):
                self._drop(connection)

    # Requests

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
        elif not connection.answered:
            self._take(connection, data)

    def _take(self, connection: Connection, data: bytes) -> None:
        request = connection.request
        began, known = not request.size, request.body_size
        try:
            request.feed(data)
            if request.awaits_continue and known is None:
                connection.socket.send(_CONTINUE)
        except OSError:
            self._refuse(connection, _NO_ROOM)
        else:
            if request.on_disk and not self._disk_has_room(connection):
                return
            if request.whole:
                self._begin(connection)
            elif request.head_too_long:
                self._refuse(connection, _HEAD_TOO_LONG)
            elif began or request.body_size != known:
                self._set_deadline(connection, known)

    def _set_deadline(self, connection: Connection, known: int | None) -> None:
        """Set a new deadline at the first byte and at the start of the body; extend it as a chunked body grows."""
        size = connection.request.body_size
        if size is None or known is None:
            self._await(connection, self.limits.seconds if size is None else self.limits.for_body(size))
        else:
            connection.deadline += self.limits.for_body(size) - self.limits.for_body(known)

    def _disk_has_room(self, connection: Connection) -> bool:
        """Return whether there is room for this request; when there is none, refuse the longest-waiting one on disk."""
        self._on_disk.add(connection)
        if sum(each.request.size for each in self._on_disk) <= DISK:
            return True
        slowest = next(each for each in self._waiting if each in self._on_disk)
        self._refuse(slowest, _NO_ROOM)
        return slowest is not connection

    def _begin(self, connection: Connection) -> None:
        """Give a complete request a thread; a long one waits while `LONG_AT_ONCE` others have theirs."""
        self._waiting.pop(connection, None)
        connection.in_thread = True
        connection.parser = http.get_parser(self.cfg, connection.request, connection.client)
        if connection.request.on_disk:
            self._long.append(connection)
            self._begin_long()
        else:
            self.enqueue_req(connection)

    def _begin_long(self) -> None:
        if self._long and self._long_in_threads < LONG_AT_ONCE:
            self._long_in_threads += 1
            self.enqueue_req(self._long.popleft())

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Handle the request as gunicorn does, in a thread; close the connection afterwards if the request was cut."""
        if conn.request.cut:
            req.force_close()
        return bool(super().handle_request(req, conn))

    # Answers

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        """Take the connection back into the loop when the application is done with a request."""
        if conn.request.on_disk:
            self._long_in_threads -= 1
            self._begin_long()
        conn.in_thread = False
        kept = not fs.cancelled() and fs.exception() is None and fs.result() and not conn.request.cut
        conn.ahead = conn.parser.unreader.take_buffered() + conn.request.rest() if kept else b""
        conn.answered = not kept
        self._forget(conn)
        conn.request = IncomingRequest(self.limits.folder)
        self._await(conn, self.limits.seconds)
        self._send_rest(conn)

    def _send_rest(self, connection: Connection) -> None:
        try:
            connection.sock.flush()
        except OSError:
            self._drop(connection)
            return
        if connection.sock.unsent:
            self._listen(connection, selectors.EVENT_WRITE)
        elif connection.answered:
            self._close_softly(connection)
        else:
            self._await(connection, self.cfg.keepalive)
            ahead, connection.ahead = connection.ahead, b""
            if ahead:
                self._take(connection, ahead)

    def _refuse(self, connection: Connection, status: str) -> None:
        """Answer with an error status, without the application, and close."""
        self._forget(connection)
        with contextlib.suppress(OSError):
            connection.socket.send(_REFUSAL.format(status).encode())
        connection.answered = True
        self._close_softly(connection)

    def _close_softly(self, connection: Connection) -> None:
        """Shut down our side and wait for the client to close: closing at once could lose it the answer."""
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection)
        else:
            self._await(connection, LINGER)


def worker_class(limits: Limits) -> Callable[[], type[BufferingWorker]]:
    """Return what `gunicorn.conf.py` sets as its `worker_class`."""
    return lambda: type("BufferingWorker", (BufferingWorker,), {"limits": limits})
