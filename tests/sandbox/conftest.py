"""A running sandbox, callers whose calls are checked against the documents, a bot that keeps what it is told."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.live import LiveSandbox
from tests import openapi

OPERATOR = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"
SECOND = "712020:a9e00000-7d55-49a8-b3c4-0e8f5a1be003"
CUSTOMER = "qm:5e11e400-2a64-4c1d-95b7-1f0d8c3be005:00000000-0000-4000-8000-000000184467"
STRANGER = "qm:5e11e400-2a64-4c1d-95b7-1f0d8c3be005:00000000-0000-4000-8000-000000184468"
TIMEOUT = 10  # seconds
GONE = 410  # the documents still have what Jira took away


def doc(*lines: str) -> dict[str, Any]:
    """An ADF document of paragraphs."""
    content = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines]
    return {"type": "doc", "version": 1, "content": content}


@dataclass
class Caller:
    """Calls one system; what the sandbox takes and gives is checked against the documents, where they are there."""

    url: str
    system: openapi.System
    headers: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Make a call; a body that the sandbox takes must be one that the documents allow."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = requests.request(
            method, self.url + path, json=body, headers=sent, auth=self.auth, timeout=TIMEOUT, allow_redirects=False
        )
        if (
            answer.status_code != GONE
            and openapi.available(self.system)
            and answer.headers.get("Content-Type", "").startswith("application/json")
        ):
            if answer.ok:
                openapi.check_request(self.system, method, path, body)
            shown = answer.json() if answer.content else None
            openapi.check_response(self.system, method, path, answer.status_code, shown)
        return answer

    def take(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make a call that must succeed; the JSON of its answer."""
        answer = self(method, path, body, **headers)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def acting_as(self, account_id: str) -> Caller:
        """The same, as a person."""
        return Caller(self.url, self.system, {"X-Sandbox-As": account_id})


@dataclass
class Jira(Caller):
    """Calls Jira as the bot, with what tests do often."""

    def create(self, project: str = "FBO", **fields: Any) -> dict[str, Any]:
        """Make an issue; its id, key and self."""
        given = {"project": {"key": project}, "issuetype": {"name": "Обращение партнёра"}, "summary": "Проверка"}
        made: dict[str, Any] = self.take("POST", "/rest/api/3/issue", {"fields": given | fields})
        return made

    def fields(self, key: str) -> dict[str, Any]:
        """An issue's fields."""
        shown: dict[str, Any] = self.take("GET", f"/rest/api/3/issue/{key}")["fields"]
        return shown

    def status(self, key: str) -> str:
        """The name of an issue's status."""
        return str(self.fields(key)["status"]["name"])

    def found(self, jql: str, **more: Any) -> list[str]:
        """The keys that search finds, in its order."""
        answer = self.take("POST", "/rest/api/3/search/jql", {"jql": jql, "fields": ["key"], **more})
        return [issue["key"] for issue in answer["issues"]]


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A bot that keeps what it is told."""
    with Bot() as running:
        yield running


@pytest.fixture
def live(tmp_path: Path, bot: Bot) -> Iterator[LiveSandbox]:
    """A running sandbox whose webhooks go to the bot."""
    with LiveSandbox(bot_url=bot.url, data_dir=tmp_path) as running:
        yield running


@pytest.fixture
def jira(live: LiveSandbox) -> Jira:
    """Calls the sandbox's Jira as the bot."""
    return Jira(live.url, "jira", auth=("bot@example.test", "sandbox"))


@pytest.fixture
def crm(live: LiveSandbox) -> Caller:
    """Calls the sandbox's WebCRM as the bot."""
    return Caller(live.url, "webcrm", {"Authorization": "Bearer sandbox-webcrm-token"})


@dataclass
class Told:
    """One delivery as the bot got it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body as JSON."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class Bot:
    """A tiny web server that keeps each delivery; `statuses` are what it answers next, then always 202."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.told: queue.Queue[Told] = queue.Queue()
        self.statuses: queue.Queue[int] = queue.Queue()
        told, statuses = self.told, self.statuses

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.put(Told(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(202 if statuses.empty() else statuses.get())
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Bot:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self) -> Told:
        """The next delivery."""
        return self.told.get(timeout=TIMEOUT)

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next delivery of this event; those before it are passed over."""
        while True:
            told = self.next().event
            if told["webhookEvent"] == event:
                return told
