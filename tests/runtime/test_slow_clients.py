"""The web process as the Procfile starts it, beside clients who never finish what they send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import requests

from benchmarks.slow_senders import KINDS
from tests.bot import Bot, sign_crm
from tests.runtime.served import Client
from tests.runtime.test_many import served
from tests.tickets import closing, ticket

EACH = 20  # of each kind: more than all threads of both web processes


@contextmanager
def crowd(url: str) -> Iterator[None]:
    """Slow senders of every kind."""
    port = urlsplit(url).port or 0
    with ExitStack() as stack:
        for first in (KINDS[kind][0] for kind in ("nothing", "head", "body", "chunked")):
            for _ in range(EACH):
                stack.enter_context(Client(port).send(first).socket)
        yield


def test_slow_clients_leave_health_and_webhooks_as_quick_as_they_are(any_bot: Bot) -> None:
    any_bot.env["REQUEST_TIMEOUT"] = "60s"
    body = json.dumps(closing(ticket())).encode()
    with served(any_bot) as url, crowd(url):
        for number in range(5):
            assert requests.get(f"{url}/health/live", timeout=5).ok
            sent = requests.post(f"{url}/webhooks/webcrm", body, headers=sign_crm(body, f"e-{number}"), timeout=5)
            assert sent.status_code == 202
