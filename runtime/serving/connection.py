"""A client's connection, and how long each part of what it sends may take."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from config.settings import Settings
from runtime.serving.answer import HttpAnswer
from runtime.serving.request import BODY_LIMIT, IncomingRequest


@dataclass(frozen=True)
class Limits:
    """How long a request may take, and where a long one is kept.

    `seconds`: for a head, and again for a body; the largest body may take three times as long. `folder`: for requests
    that are too long for memory; by default the system's temporary folder.
    """

    seconds: float = 10.0
    folder: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits by the settings.

        Long requests are kept in DATA_DIR, which is on a disk; the system's temporary folder may be in memory.
        """
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=settings.data_dir).close()  # a container's folder may be read-only
        except OSError:  # whatever else needs the folder will report it
            return cls(settings.request_timeout.total_seconds())
        return cls(settings.request_timeout.total_seconds(), str(settings.data_dir))

    def for_body(self, size: int) -> float:
        """Return how many seconds a body of this size may take."""
        return self.seconds * (1 + 2 * min(1.0, size / BODY_LIMIT))


class Connection:
    """A client's connection. gunicorn's worker uses the attributes of the first block."""

    def __init__(self, client_socket: socket.socket, client: Any, server: Any, limits: Limits) -> None:
        self.client = client
        self.server = server
        self.sock = HttpAnswer(client_socket, limits.seconds)
        self.parser: Any = None
        self.initialized = True
        self.is_http2 = False

        self.socket = client_socket
        self.request = IncomingRequest(limits.folder)
        self.deadline = 0.0
        self.listening: int = 0  # what the loop waits for on the socket: selectors' events, or 0
        self.ahead = b""  # what came after the last request that was answered
        self.in_thread = False
        self.answered = False  # the last answer on this connection is made; its end may still have to be sent
        self.closed = False

    def init(self) -> None:
        """Do nothing: there is no TLS and no HTTP/2 to start."""

    @property
    def idle(self) -> bool:
        """Whether no part of a request has come, and no answer is still to be sent."""
        return not self.request.size and not self.sock.unsent and not self.answered
