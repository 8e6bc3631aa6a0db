"""What gunicorn writes an answer to, in place of the client's socket."""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import BinaryIO

UNSENT = 256 * 1024  # bytes of an answer that may wait for the client before the request's thread does
_PIECE = 256 * 1024


class HttpAnswer:
    """Takes an answer without waiting for the client; the worker's loop sends what is left.

    Once more than `UNSENT` bytes are left it waits, so a long answer is produced no faster than the client reads.
    """

    def __init__(self, client: socket.socket, seconds: float) -> None:
        self._client = client  # does not block
        self._seconds = seconds
        self._rest = bytearray()

    @property
    def unsent(self) -> bool:
        """Whether part of the answer is still to be sent."""
        return bool(self._rest)

    def sendall(self, data: bytes) -> None:
        """Send what the client takes and keep the rest; raises OSError when the client stops reading."""
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
        """Send what the client takes now. Raises OSError when the client has gone."""
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
        """Drop gunicorn's «100 Continue»: the client was told before, and all of the body has come."""

    def gettimeout(self) -> float:
        """Return 0, as it never blocks; gunicorn asks before it writes an error."""
        return 0.0

    def setblocking(self, _blocking: bool) -> None:
        """Ignore gunicorn's request to block while a thread has the connection."""

    def shutdown(self, _how: int) -> None:
        """Refuse to close after an error: the worker's loop does that once the rest is sent."""
        raise OSError(errno.ENOTCONN, "closed by the worker's loop")

    def close(self) -> None:
        """Do nothing, for the same reason as `shutdown`."""
