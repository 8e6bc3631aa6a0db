"""The web process in this one, with rows to look at."""

from __future__ import annotations

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
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from app import create_app
from config.settings import Settings
from runtime.process import Process
from store import deliveries, tables, users
from tests.bot import environment
from web.access.people import hashed

NOW = datetime.now(UTC).replace(microsecond=0)
TOKEN = "sandbox-api-token"
RAW = "what-flask-wtf-keeps-in-the-session"
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
        self._people: dict[str, FlaskClient] = {}

    def browser(self, role: str) -> FlaskClient:
        """The browser of somebody of this role who is signed in; `""`: of nobody."""
        if role not in self._people:
            self._people[role] = browser = self.app.test_client()
            if role:
                self.signed_in(browser, f"{role}@example.test", role)
        return self._people[role]

    def signed_in(self, browser: FlaskClient, email: str, role: str, **given: Any) -> str:
        """Give a browser a session, as after a sign-in; its key."""
        key = f"key-of-{email}-{next(self._ids)}"
        now = datetime.now(UTC)
        row = {"sha256": hashed(key), "email": email, "role": role, "how": "password", "address": "127.0.0.1"}
        with self.engine.begin() as connection:
            users.begin_session(connection, row | {"created_at": now, "seen_at": now} | given)
        with browser.session_transaction() as session:
            session["key"], session["csrf_token"] = key, RAW
        return key

    def token(self) -> str:
        """The token of a form on one of our pages."""
        return str(URLSafeTimedSerializer(str(self.app.secret_key), salt="wtf-csrf-token").dumps(RAW))

    def get(self, path: str, role: str = "admin") -> TestResponse:
        """A page, as somebody of this role sees it."""
        return self.browser(role).get(path)

    def text(self, path: str) -> str:
        """A page's HTML; it must be there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, role: str = "admin", **form: Any) -> TestResponse:
        """A button pressed on our own page."""
        return self.browser(role).post(path, data={"csrf_token": self.token()} | form)

    def changes(self, what: str) -> list[Any]:
        """The audit's rows of a kind, the oldest first."""
        table = tables.metadata.tables["audit"]
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(table).where(table.c.what == what).order_by(table.c.id)))

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
            added = sa.insert(tables.deliveries).values(row | given).returning(tables.deliveries.c.id)
            return int(connection.execute(added).scalar_one())

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


@contextmanager
def own_logs() -> Iterator[None]:
    """Put the process's logs back as they were: an application sets them up for its whole process."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:], level = before
        root.setLevel(level)


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
