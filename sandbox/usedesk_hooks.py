"""Usedesk's webhooks: one try each, in the order of the changes; no signature, the secret is in the body."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import requests

TIMEOUT = (5, 20)  # seconds to connect, to answer
FORM = "application/x-www-form-urlencoded"


class Messenger:
    """Sends from one thread of its own; what the bot does not take is lost (no retries are documented)."""

    def __init__(self, url: str, secret: str) -> None:
        """`url` is the channel's Redirect URL."""
        self._url = url
        self._secret = secret
        self._waiting: deque[tuple[bytes, str]] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._under_way = self._closed = False

    def send(self, body: dict[str, Any], *, form: bool) -> None:
        """Queue a body, as JSON or as a form."""
        whole = {"secret": self._secret, **body}
        content = urlencode(list(fields(whole))) if form else json.dumps(whole, ensure_ascii=False)
        with self._wake:
            self._waiting.append((content.encode(), FORM if form else "application/json"))
            self._wake.notify_all()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="usedesk-webhooks", daemon=True)
                self._thread.start()

    def settle(self, timeout: float) -> bool:
        """Wait until everything was sent; False when that takes more than `timeout` seconds."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._waiting and not self._under_way, timeout)

    def reset(self) -> None:
        """Forget what was not sent yet."""
        with self._wake:
            self._waiting.clear()
            self._wake.notify_all()

    def close(self) -> None:
        """Stop after the call under way."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while following := self._next():
                self._post(session, *following)
                with self._wake:
                    self._under_way = False
                    self._wake.notify_all()

    def _next(self) -> tuple[bytes, str] | None:
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            self._under_way = True
            return self._waiting.popleft()

    def _post(self, session: requests.Session, content: bytes, kind: str) -> None:
        try:
            session.post(self._url, data=content, headers={"Content-Type": kind}, timeout=TIMEOUT)
        except requests.RequestException:
            return  # lost, as with Usedesk


def fields(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """A body as the fields of a form, `ticket[id]=5`; nulls are left out."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from fields(member, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from fields(member, f"{name}[{place}]")
    elif value is not None:
        yield name, str(int(value)) if isinstance(value, bool) else str(value)
