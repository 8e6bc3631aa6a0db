"""A server that says to its callers what a test gives it, piece by piece, over plain TCP or TLS; a proxy, too."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

Say = Callable[[bytes], Iterable[bytes]]  # from a request to the pieces of the answer


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer; it tells its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire:
    """A context manager. Between two pieces it pauses `gap` seconds; `heard` are the requests.

    `deaf`: it takes a connection and reads nothing from it. `hang_up`: it closes the connection after an answer.
    With `tunnel` it is a proxy, too: it opens a tunnel to any host, at whose end it answers itself.
    """

    def __init__(
        self, say: Say, *, gap: float = 0.0, tls: ssl.SSLContext | None = None, tunnel: ssl.SSLContext | None = None
    ) -> None:
        self._say, self._gap, self._tls, self._tunnel = say, gap, tls, tunnel
        self.opened: Iterable[bytes] = [b"HTTP/1.1 200 Connection established\r\n\r\n"]
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.port = int(self._listener.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.heard: list[bytes] = []
        self.deaf = self.hang_up = False

    def __enter__(self) -> Wire:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                caller, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(caller,), daemon=True))
                self._threads[-1].start()

    def _serve(self, caller: socket.socket) -> None:
        caller.settimeout(10)
        with contextlib.suppress(OSError), caller:
            spoken = self._tls.wrap_socket(caller, server_side=True) if self._tls else caller
            with spoken:
                self._converse(spoken)

    def _converse(self, caller: socket.socket) -> None:
        while (request := self._request(caller)) and not self._over.is_set():
            self.heard.append(request)
            tunnel = self._tunnel if request.startswith(b"CONNECT ") else None
            if not self._said(caller, self.opened if tunnel else self._say(request)) or self.hang_up:
                return
            if tunnel:
                with tunnel.wrap_socket(caller, server_side=True) as inside:
                    self._converse(inside)
                return

    def _said(self, caller: socket.socket, pieces: Iterable[bytes]) -> bool:
        """Say it all; False when the server ends meanwhile."""
        for piece in pieces:
            caller.sendall(piece)
            if self._over.wait(self._gap):
                return False
        return True

    def _request(self, caller: socket.socket) -> bytes:
        """The request, up to the end of its body if it tells a length; nothing when the caller has gone."""
        if self.deaf:
            self._over.wait()
        text = b""
        while b"\r\n\r\n" not in text:
            if not (more := caller.recv(65_536)):
                return b""
            text += more
        head, _, body = text.partition(b"\r\n\r\n")
        told = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        left = int(told[0]) - len(body) if told else 0
        while left > 0 and (more := caller.recv(65_536)):
            text, left = text + more, left - len(more)
        return text
