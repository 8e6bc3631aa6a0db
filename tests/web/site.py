"""The web process in this one, with rows to look at."""

from __future__ import annotations

import base64
import itertools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from werkzeug.test import TestResponse

from app import create_app
from config.settings import Settings
from runtime.process import Process
from store import deliveries, tables
from tests.bot import environment

NOW = datetime.now(UTC).replace(microsecond=0)
PASSWORD, TOKEN = "sandbox", "sandbox-api-token"
NOWHERE = "http://127.0.0.1:9"  # nobody listens on «discard»


class Site:
    """Pages and API over a database of their own; `env` is the whole environment."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.app = create_app(Settings.read(env))
        self.client = self.app.test_client()
        self.process: Process = self.app.extensions["process"]
        self.engine = self.process.engine
        self._ids = itertools.count(1)

    def get(self, path: str, password: str = PASSWORD) -> TestResponse:
        """A page, as a person with the password sees it."""
        return self.client.get(path, headers=basic(password))

    def text(self, path: str) -> str:
        """A page's HTML; it must be there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, **form: str) -> TestResponse:
        """A button pressed."""
        return self.client.post(path, data=form, headers=basic("sandbox"))

    def api(self, path: str, token: str = TOKEN, method: str = "GET") -> TestResponse:
        """A call of a program."""
        return self.client.open(f"/api{path}", method=method, headers={"Authorization": f"Bearer {token}"})

    def add(self, **given: Any) -> int:
        """A delivery; its number."""
        number = next(self._ids)
        row = {
            "source": "webcrm",
            "delivery_id": f"d-{number}",
            "case_id": f"webcrm:{number}",
            "type": "ticket.closing",
            "state": "done",
            "body": json.dumps({"id": f"d-{number}"}),
            "event": json.dumps({"kind": "ticket", "ticket": {"id": str(number)}}),
            "received_at": NOW,
        }
        with self.engine.begin() as connection:
            added = deliveries.add(connection, row | given)
        assert added is not None
        return added

    def step(self, delivery: int, **given: Any) -> None:
        """A row of a delivery's ledger."""
        row = {
            "delivery": delivery,
            "rule": "W-64",
            "verb": "write_key",
            "n": 1,
            "mode": "act",
            "target": "23814352",
            "outcome": "done",
            "begun_at": NOW,
            "done_at": NOW + timedelta(seconds=1),
        }
        self.insert("ledger", **(row | given))

    def insert(self, table: str, **row: Any) -> None:
        """Any row."""
        with self.engine.begin() as connection:
            connection.execute(sa.insert(tables.metadata.tables[table]).values(**row))

    def state(self, delivery: int) -> str:
        """How a delivery stands."""
        with self.engine.connect() as connection:
            row = deliveries.get(connection, delivery)
        assert row is not None
        return str(row.state)


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@contextmanager
def own_logs() -> Iterator[None]:
    """Put the process's logs back as they were: an application sets them up for its whole process."""
    loggers = [logging.getLogger(name) for name in (None, "dbos")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    try:
        yield
    finally:
        structlog.reset_defaults()
        for logger, handlers, level, propagate in before:
            logger.handlers[:] = handlers
            logger.setLevel(level)
            logger.propagate = propagate


@contextmanager
def opened(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Iterator[Site]:
    """A site over a database; `changes` are variables of its environment, empty = not set."""
    env = environment(NOWHERE, url, folder) | changes
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with own_logs():
        site = Site(env)
        yield site
        site.engine.dispose()
