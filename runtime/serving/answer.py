"""What gunicorn takes for the client's socket while it writes an answer."""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import BinaryIO

UNSENT = 256 * 1024  # bytes that a client need not have read while its request still has a thread
_PIECE = 256 * 1024


class HttpAnswer:
    """Takes an answer without waiting for the client; the worker's loop sends the rest of it.

    A client that is too far behind is waited for, so long answers are made no faster than they are read.
    """

    def __init__(self, client: socket.socket, seconds: float) -> None:
        self._client = client  # does not block
        self._seconds = seconds
        self._rest = bytearray()

    @property
    def unsent(self) -> bool:
        """Something is left that the client has not taken."""
        return bool(self._rest)

    def sendall(self, data: bytes) -> None:
        """Send what the client takes, keep the rest."""
        self._rest += data
        self.flush()
        if len(self._rest) > UNSENT:
            self._wait()

    def sendfile(self, file: BinaryIO, offset: int, count: int) -> None:
        """Send a part of a file."""
        file.seek(offset)
        while count > 0 and (piece := file.read(min(count, _PIECE))):
            self.sendall(piece)
            count -= len(piece)

    def flush(self) -> None:
        """Send what the client takes now. Raises OSError when it has gone."""
        try:
            while self._rest:
                del self._rest[: self._client.send(self._rest)]
        except BlockingIOError:
            return

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._client, select.POLLOUT)
        deadline = time.monotonic() + self._seconds
        while len(self._rest) > UNSENT:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise OSError(errno.EPIPE, "the client does not read its answer")
            self.flush()

    def send(self, _interim: bytes) -> None:
        """Gunicorn's own «100 Continue», after all of the body has come: the client was told before."""

    def gettimeout(self) -> float:
        """It never blocks; gunicorn asks before it writes an error."""
        return 0.0

    def setblocking(self, _blocking: bool) -> None:
        """Gunicorn wants it to block while a thread has it."""

    def shutdown(self, _how: int) -> None:
        """Gunicorn closes after an error; the worker's loop does it, after the rest is sent."""
        raise OSError(errno.ENOTCONN, "closed by the worker's loop")

    def close(self) -> None:
        """As `shutdown`."""
