"""Connections that keep a deadline for a whole call.

urllib3's timeout starts anew with every chunk that arrives, so an answer that trickles in can hold a thread for hours,
in its headers as well as in its body. Here each read and write of a socket gets the rest of the call's time.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline(threading.local):
    """When the current call of this thread must be over."""

    _at = float("inf")

    def set(self, seconds: float) -> None:
        """Start the time of a call: `seconds` from now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raise TimeoutError if there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time of the whole call is over")
        return left


class _Reader(io.RawIOBase):
    """The reading end of a socket, as `http.client` needs it."""

    def __init__(self, owner: TimedSocket, raw: Any) -> None:
        super().__init__()
        self._owner, self._raw = owner, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._owner.hurry()
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedSocket:
    """Wraps a socket, or a TLS layer over one; whatever is not defined here is passed on to it."""

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._patience: float | None = sock.gettimeout()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long one read or write may take."""
        self._patience = seconds
        self._sock.settimeout(seconds)

    def hurry(self) -> None:
        """Limit the next read or write to what the call has left."""
        left = self._deadline.left()
        self._sock.settimeout(left if self._patience is None else min(left, self._patience))

    def sendall(self, data: Any, *flags: int) -> None:
        """Send all of the data."""
        self.hurry()
        self._sock.sendall(data, *flags)

    def makefile(self, mode: str = "rb", *_: Any) -> io.BufferedReader:
        """Return a file for reading answers."""
        return io.BufferedReader(_Reader(self, self._sock.makefile(mode, buffering=0)))


class _Timed:
    """What both kinds of connections share; `deadline` is that of the adapter that made them."""

    deadline: Deadline
    sock: Any

    def _new_conn(self) -> socket.socket:
        made: Any = TimedSocket(super()._new_conn(), self.deadline)  # type: ignore[misc]
        return made  # type: ignore[no-any-return]

    def connect(self) -> None:
        """Connect; this is where TLS is laid over the socket."""
        super().connect()  # type: ignore[misc]
        if not isinstance(self.sock, TimedSocket):
            self.sock = TimedSocket(self.sock, self.deadline)


class _Plain(_Timed, HTTPConnection):
    pass


class _Secure(_Timed, HTTPSConnection):
    pass


def connections(deadline: Deadline) -> dict[str, type[HTTPConnection]]:
    """Return the connection classes, by scheme, that keep a deadline."""
    kinds = {"http": _Plain, "https": _Secure}
    return {scheme: type(kind.__name__, (kind,), {"deadline": deadline}) for scheme, kind in kinds.items()}
