"""Usedesk's receiver with an inbox in memory, and its bodies in every spelling that Usedesk has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from werkzeug.test import TestResponse

from events import TicketEvent
from receivers import usedesk
from receivers.counters import Counters
from runtime.inbox import Arrival

if TYPE_CHECKING:
    from tests.receivers.conftest import MemoryInbox

NOW = datetime(2026, 1, 12, 9, 30, 20, tzinfo=UTC)
BOT = "17"
ENTRANCE = usedesk.Entrance(
    SecretStr("invented-path"), (SecretStr("invented-application-id"), SecretStr("invented-token")), BOT
)
EVENTS = Path(__file__).parents[1] / "events"
BODIES = {path.stem.removeprefix("usedesk_"): path for path in sorted(EVENTS.glob("usedesk_*.json"))}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def body(name: str) -> dict[str, Any]:
    """A body of `tests/events`."""
    read: dict[str, Any] = json.loads(BODIES[name].read_text(encoding="utf-8"))
    return read


@dataclass
class Gate:
    """The receiver of one app, with what it leaves behind."""

    inbox: MemoryInbox
    now: datetime = NOW
    zone: timedelta | Exception = timedelta(0)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.app = Flask(__name__)
        routes = usedesk.blueprint(ENTRANCE, self.inbox, Counters(self.registry), lambda: self.now, self.zone_of)
        self.app.register_blueprint(routes)

    def zone_of(self, _stamp: datetime | None, _now: datetime) -> timedelta:
        """The zone of Usedesk's dates; raises it when it is an exception."""
        if isinstance(self.zone, Exception):
            raise self.zone
        return self.zone

    def post(self, content: Any, path: str = "invented-path", headers: dict[str, str] | None = None) -> TestResponse:
        """Send a body: bytes and texts as they are, anything else as JSON."""
        raw = content if isinstance(content, bytes | str) else json.dumps(content)
        with self.app.test_client() as client:
            return client.post(f"/webhooks/usedesk/{path}", data=raw, headers=headers)

    def count(self, outcome: str) -> float:
        """How often calls came to this."""
        labels = {"source": "usedesk", "outcome": outcome}
        return self.registry.get_sample_value("smezhnik_webhooks_total", labels) or 0

    def take(self, content: Any) -> Arrival:
        """Send a body that is kept; what the inbox got."""
        answer = self.post(content)
        assert answer.status_code == 202, answer.json
        return self.inbox.arrivals[-1]

    def event(self, content: Any) -> TicketEvent:
        """Send a body; the event that it became."""
        event = self.take(content).event
        assert isinstance(event, TicketEvent)
        return event


def strings(value: Any) -> Any:
    """The same body with numbers as strings, as some of Usedesk's are."""
    if isinstance(value, dict):
        return {name: strings(member) for name, member in value.items()}
    if isinstance(value, list):
        return [strings(item) for item in value]
    return str(value) if isinstance(value, int) else value


def encoded(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """A body as the fields of a form; nulls are left out."""
    members = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else None
    if members is not None:
        for key, member in members:
            yield from encoded(member, f"{name}[{key}]" if name else str(key))
    elif value is not None:
        yield name, str(value)


def holed(value: Any) -> Any:
    """A body whose lists are objects, as PHP writes a list that something was taken out of; not in their order."""
    if isinstance(value, dict):
        return {name: holed(member) for name, member in value.items()}
    if isinstance(value, list):
        members = [(str(3 * place + 2), holed(member)) for place, member in enumerate(value)]
        return dict(reversed(members)) if members else []
    return value
