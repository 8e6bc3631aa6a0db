"""Jira's webhooks: who is told, and the delivery with its signature and retries."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import requests

TRIES = 6  # the first and five retries, as Jira's policy says
TIMEOUT = (5, 20)  # seconds to connect, to answer
RETRIED = {408, 409, 425, 429}
SERVER_ERROR = 500


@dataclass
class Hook:
    """A registered webhook; `jql` empty = all issues; the secret signs, None leaves the deliveries unsigned."""

    id: int
    name: str
    url: str
    events: tuple[str, ...]
    secret: str | None = None
    jql: str = ""
    enabled: bool = True
    updated: int = 0


@dataclass(order=True)
class WebhookDelivery:
    """One body for one hook, due at a monotonic moment; `tries` counts those already made."""

    due: float
    seq: int
    hook: Hook = field(compare=False)
    body: bytes = field(compare=False)
    identifier: str = field(compare=False)
    tries: int = field(compare=False, default=0)


class Courier:
    """Delivers from one thread of its own, in the order of the events; a retry comes later and holds up nobody."""

    def __init__(self, retry_seconds: float) -> None:
        """`retry_seconds` is the gap between two tries."""
        self._gap = retry_seconds
        self._waiting: list[WebhookDelivery] = []
        self._wake = threading.Condition()
        self._seq = itertools.count(1)
        self._identifiers = itertools.count(time.time_ns())  # never the same again, even after a restart
        self._thread: threading.Thread | None = None
        self._closed = False
        self._under_way = False

    def settle(self, timeout: float) -> bool:
        """Wait until everything was delivered or given up; False when that takes more than `timeout` seconds."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._waiting and not self._under_way, timeout)

    def send(self, hook: Hook, body: dict[str, Any]) -> None:
        """Queue an event for a hook."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        with self._wake:
            seq = next(self._seq)
            heapq.heappush(
                self._waiting, WebhookDelivery(time.monotonic(), seq, hook, text, str(next(self._identifiers)))
            )
            self._wake.notify_all()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="jira-webhooks", daemon=True)
                self._thread.start()

    def reset(self) -> None:
        """Forget what was not delivered yet."""
        with self._wake:
            self._waiting.clear()
            self._wake.notify_all()

    def close(self) -> None:
        """Stop after the delivery under way."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while delivery := self._next():
                again = not self._post(session, delivery) and delivery.tries + 1 < TRIES
                with self._wake:
                    self._under_way = False
                    if again:
                        delivery.tries += 1
                        delivery.due = time.monotonic() + self._gap
                        heapq.heappush(self._waiting, delivery)
                    self._wake.notify_all()

    def _next(self) -> WebhookDelivery | None:
        """The next delivery that is due; None once the courier is closed."""
        with self._wake:
            while not self._closed:
                wait = self._waiting[0].due - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    self._under_way = True
                    return heapq.heappop(self._waiting)
                self._wake.wait(wait)
        return None

    def _post(self, session: requests.Session, delivery: WebhookDelivery) -> bool:
        """Make one try; False when it is to be repeated."""
        try:
            answer = session.post(
                delivery.hook.url, data=delivery.body, headers=headers(delivery), timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.status_code not in RETRIED and answer.status_code < SERVER_ERROR


def headers(delivery: WebhookDelivery) -> dict[str, str]:
    """The headers of one try: the identifier stays the same, the retry count is absent on the first."""
    sent = {
        "Content-Type": "application/json; charset=UTF-8",
        "User-Agent": "Atlassian Webhook HTTP Client",
        "X-Atlassian-Webhook-Identifier": delivery.identifier,
        "X-Atlassian-Webhook-Flow": "Primary",
    }
    if delivery.hook.secret:
        signed = hmac.new(delivery.hook.secret.encode(), delivery.body, hashlib.sha256).hexdigest()
        sent["X-Hub-Signature"] = f"sha256={signed}"
    return sent | ({"X-Atlassian-Webhook-Retry": str(delivery.tries)} if delivery.tries else {})
