"""A client of the worker, and how long each part of what it sends may take."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from config.settings import Settings
from runtime.serving.answer import HttpAnswer
from runtime.serving.request import BODY_LIMIT, IncomingRequest


@dataclass(frozen=True)
class Limits:
    """`seconds`: how long a head may take, and then a body; the largest body may take three times as long.

    `folder`: where requests are kept that are too long for memory; the system's folder for such files unless given.
    """

    seconds: float = 10.0
    folder: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the machine's settings ask for.

        DATA_DIR lies on a disk; the system's folder for such files may be in memory.
        """
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError:  # what needs it says so
            return cls(settings.request_timeout.total_seconds())
        return cls(settings.request_timeout.total_seconds(), str(settings.data_dir))

    def for_body(self, size: int) -> float:
        """How long a body of this size may take."""
        return self.seconds * (1 + 2 * min(1.0, size / BODY_LIMIT))


class Connection:
    """A client. The names in the first block are those that gunicorn's worker asks for."""

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
        self.ahead = b""  # what came after the request that was answered last
        self.in_thread = False
        self.answered = False  # the last answer has been made, only its end may have to be sent
        self.closed = False

    def init(self) -> None:
        """There is no TLS and no HTTP/2 to begin."""

    @property
    def idle(self) -> bool:
        """Nothing has come of a request, and nothing is owed."""
        return not self.request.size and not self.sock.unsent and not self.answered
