"""A receiver's client with an inbox in memory, and signed calls as Jira and the CRM make them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from config import ConfigReloader
from config.jira import JiraConfig
from receivers import automation, jira, webcrm
from receivers.counters import Counters
from runtime.inbox import Arrival

JIRA_SECRETS = (SecretStr("old-jira-secret"), SecretStr("new-jira-secret"))
AUTOMATION_TOKENS = (SecretStr("old-automation-token"), SecretStr("new-automation-token"))
CRM_SECRETS = (
    SecretStr("whsec_b2xkLXdlYmNybS1zZWNyZXQtMDAwMDAwMDAwMDA="),
    SecretStr("whsec_bmV3LXdlYmNybS1zZWNyZXQtMDAwMDAwMDAwMDA="),
)
PROJECT = {
    "site": "main",
    "issue_type": {"escalation": "Обращение партнёра"},
    "statuses": {
        "in_work": "В работе",
        "queue": "Ожидает обработки",
        "waiting_seller": "Ожидает ответа продавца",
        "done": ["Готово"],
    },
}
JIRA_CONFIG = JiraConfig.model_validate(
    {
        "sites": {
            "main": {"url": "https://jira.example.test", "user": "bot@example.test", "token": "x"},
            "second": {"url": "https://second.example.test", "user": "bot@example.test", "token": "x"},
        },
        "projects": {"FBO": PROJECT, "QC": PROJECT, "KSP": PROJECT | {"site": "second"}},
    }
)


@dataclass
class MemoryInbox:
    """Keeps arrivals in a list; dedupes as the store does; `error` is raised instead, when set."""

    arrivals: list[Arrival] = field(default_factory=list)
    error: Exception | None = None

    def accept(self, arrival: Arrival) -> bool:
        if self.error is not None:
            raise self.error
        known = {(seen.source, seen.delivery_id) for seen in self.arrivals}
        bodies = {seen.body_sha256 for seen in self.arrivals} - {None}
        if (arrival.source, arrival.delivery_id) in known or arrival.body_sha256 in bodies:
            return False
        self.arrivals.append(arrival)
        return True


@dataclass
class Door:
    """Receivers of one app, with what they leave behind: arrivals, and the sites that are to be looked through."""

    app: Flask
    inbox: MemoryInbox
    registry: CollectorRegistry
    looked: list[str] = field(default_factory=list)
    looking_fails: Exception | None = None

    def look(self, site: str) -> None:
        if self.looking_fails is not None:
            raise self.looking_fails
        self.looked.append(site)

    def count(self, source: str, outcome: str) -> float:
        labels = {"source": source, "outcome": outcome}
        return self.registry.get_sample_value("smezhnik_webhooks_total", labels) or 0

    def jira(
        self,
        body: bytes | dict[str, Any],
        headers: dict[str, str] | None = None,
        *,
        query: str = "",
        secret: SecretStr = JIRA_SECRETS[1],
    ) -> TestResponse:
        """Send a body as Jira does, signed."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        mac = hmac.new(secret.get_secret_value().encode(), raw, hashlib.sha256).hexdigest()
        return self.post("/webhooks/jira" + query, raw, {"x-hub-signature": f"sha256={mac}"} | (headers or {}))

    def crm(
        self,
        body: bytes | dict[str, Any],
        headers: dict[str, str] | None = None,
        *,
        delivery: str = "msg_1",
        age: timedelta = timedelta(),
    ) -> TestResponse:
        """Send a body as the CRM does, signed `age` ago."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return self.post("/webhooks/webcrm", raw, crm_headers(raw, delivery=delivery, age=age) | (headers or {}))

    def post(self, path: str, raw: bytes, headers: dict[str, str]) -> TestResponse:
        with self.app.test_client() as client:
            return client.post(path, data=raw, headers=headers)


def crm_headers(
    raw: bytes, *, delivery: str = "msg_1", age: timedelta = timedelta(), secret: SecretStr = CRM_SECRETS[1]
) -> dict[str, str]:
    sent = datetime.now(UTC) - age
    signature = Webhook(secret.get_secret_value()).sign(delivery, sent, raw.decode())
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": signature,
    }


@pytest.fixture
def door() -> Iterator[Door]:
    """A fresh app with both receivers."""
    yield make_door()


@pytest.fixture(name="make_door")
def make_door_fixture() -> Callable[[], Door]:
    """Make doors where a fixture of one function lives too long (property tests)."""
    return make_door


def make_door() -> Door:
    app, inbox, registry = Flask(__name__), MemoryInbox(), CollectorRegistry()
    counters = Counters(registry)
    reloader = cast(ConfigReloader, SimpleNamespace(current=lambda: SimpleNamespace(jira=JIRA_CONFIG)))
    app.register_blueprint(jira.blueprint(JIRA_SECRETS, inbox, reloader, counters))
    app.register_blueprint(webcrm.blueprint(CRM_SECRETS, inbox, counters))
    door = Door(app, inbox, registry)
    app.register_blueprint(automation.blueprint(AUTOMATION_TOKENS, inbox, reloader, counters, door.look))
    return door


@pytest.fixture(scope="session")
def event() -> Callable[[str], dict[str, Any]]:
    """Read `tests/events/<name>.json`."""
    folder = Path(__file__).parents[1] / "events"

    def read(name: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return body

    return read
