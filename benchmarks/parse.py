"""What a receiver itself takes: verify, parse, redact, answer and log, without HTTP and without a store."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

import receivers.jira
import receivers.webcrm
from benchmarks.bodies import CRM, JIRA, issue_updated
from benchmarks.figures import show
from benchmarks.servers import NOWHERE
from config import ConfigReloader
from config.settings import Settings
from receivers.counters import Counters
from runtime import logs
from runtime.inbox import Arrival
from tests.bot import CRM_SECRET, JIRA_SECRET, environment, sign_crm, sign_jira
from tests.tickets import closing, ticket

SIZES = {"2 KB": 2_000, "8 KB": 8_000, "200 KB": 200_000}
CALLS = 200
TEXT = "Водитель ждёт у ворот третий час, пропуск не находят; поставка 2000012345, склад Хоругвино. "


class Anywhere:
    """An inbox that keeps nothing."""

    def accept(self, arrival: Arrival) -> bool:
        """Everything is new."""
        return True


def main() -> None:
    """Measure both receivers with bodies of each size."""
    app = _app()
    rows = [
        [size, _microseconds(app, CRM, _crm(bytes_), sign_crm), _microseconds(app, JIRA, _jira(bytes_), sign_jira)]
        for size, bytes_ in SIZES.items()
    ]
    show("A receiver's own time a call, median in µs", ("body", "CRM event", "Jira webhook"), rows)


def _app() -> Flask:
    env = environment(NOWHERE, "sqlite:///nowhere.sqlite", Path()) | {"LOG_FORMAT": "json"}
    settings = Settings.read(env)
    logs.set_up(env, settings)
    app, counters = Flask("receivers"), Counters(CollectorRegistry())
    reloader = ConfigReloader(settings.config_dir, env)
    app.register_blueprint(receivers.jira.blueprint((SecretStr(JIRA_SECRET),), Anywhere(), reloader, counters))
    app.register_blueprint(receivers.webcrm.blueprint((SecretStr(CRM_SECRET),), Anywhere(), counters))
    return app


def _microseconds(app: Flask, path: str, body: bytes, sign: Callable[[bytes, str], dict[str, str]]) -> float:
    headers = sign(body, "d-1")
    times = []
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        for _ in range(CALLS):
            with app.test_request_context(path, method="POST", data=body, headers=headers):
                began = time.perf_counter()
                response = app.dispatch_request()
                times.append(time.perf_counter() - began)
            assert getattr(response, "status_code", None) == 202, response
    return median(times) * 1_000_000


def _crm(size: int) -> bytes:
    """The closing of a ticket with as many messages as fit."""
    one = ticket(id="1")
    message = one["messages"][0]
    return _filled(closing(one), one["messages"], lambda number: message | {"id": f"m{number}", "text": TEXT * 3}, size)


def _jira(size: int) -> bytes:
    """An updated issue with as many comments as fit."""
    body = issue_updated(1)
    comments: list[Any] = []
    body["issue"]["fields"]["comment"] = {"comments": comments}
    author = body["user"]
    return _filled(body, comments, lambda number: {"id": str(number), "author": author, "body": TEXT * 3}, size)


def _filled(body: dict[str, Any], grows: list[Any], more: Callable[[int], Any], size: int) -> bytes:
    text = json.dumps(body, ensure_ascii=False).encode()
    while len(text) < size:
        grows.append(more(len(grows)))
        text = json.dumps(body, ensure_ascii=False).encode()
    return text
