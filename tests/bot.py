"""A bot in this process: the real receivers, store, runner and desk; only the worker's threads are left out.

`work()` looks at each case with something due, as a worker would, until nothing is left.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from flask import Flask
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from werkzeug.serving import make_server

import receivers.jira
import receivers.usedesk
import receivers.webcrm
from config import ConfigReloader
from config.settings import Settings
from desk.clock import machine_now
from desk.usedesk.zone import Zone
from receivers.counters import Counters
from runtime.process import Process
from runtime.runner import Runner
from sandbox.live import LiveSandbox, QuietHandler
from store.tables import deliveries, ledger

JIRA_SECRET = "sandbox-jira-secret"
CRM_SECRET = "whsec_c2FuZGJveC13ZWJjcm0tc2VjcmV0LTAwMDAwMDAwMDA="


def free_port() -> int:
    """A port that nobody listens on, and that nobody gets by chance before it is used.

    It lies below the range from which the system hands ports out, in a part of this process's own.
    """
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


def _own_ports() -> Iterator[int]:
    first = 20_000 + 100 * (os.getpid() % 120)
    return itertools.cycle(range(first, first + 100))


_ports = _own_ports()


def environment(sandbox_url: str, database_url: str, folder: Path) -> dict[str, str]:
    """The environment of a bot that runs against this sandbox."""
    return {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "JIRA_URL": sandbox_url,
        "JIRA_USER": "bot@example.test",
        "JIRA_TOKEN": "sandbox",
        "JIRA_WEBHOOK_SECRETS": JIRA_SECRET,
        "WEBCRM_URL": f"{sandbox_url}/webcrm",
        "WEBCRM_TOKEN": "sandbox-webcrm-token",
        "WEBCRM_WEBHOOK_SECRETS": CRM_SECRET,
        "API_TOKENS": "sandbox-api-token",
        "SECRET_KEY": "sandbox-secret-key",
        "USEDESK_URL": f"{sandbox_url}/usedesk",
        "USEDESK_TOKEN": "sandbox-usedesk-token",
        "USEDESK_SECRET": "sandbox-usedesk-secret",
        "USEDESK_PATH_TOKEN": "sandbox",
        "USEDESK_AGENT_ID": "1",
        "ALERT_URLS": f"json://{sandbox_url.removeprefix('http://')}/chat/admins",
        "RULES_DEFAULT_MODE": "act",
        "SMEZHNIK_SANDBOX": "1",
        "SEARCH_SETTLE": "0s",
        "WORKER_LEASE": "1s",
        "INFORM_CLIENT_WITHIN": "0s",  # its tests set it
    }


def sign_crm(body: bytes, delivery_id: str, at: float | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    stamp = str(int(at if at is not None else time.time()))
    key = base64.b64decode(CRM_SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{delivery_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": delivery_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def sign_jira(body: bytes, delivery_id: str) -> dict[str, str]:
    """The headers of a Jira webhook."""
    mac = hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature": f"sha256={mac}", "X-Atlassian-Webhook-Identifier": delivery_id}


class Bot:
    """A context manager; serves its receivers on `port` and works when it is told to."""

    def __init__(self, database_url: str, sandbox: LiveSandbox, folder: Path, port: int, **changes: str) -> None:
        """`changes` are variables of its environment, empty = not set."""
        self.sandbox = sandbox
        self.env = environment(sandbox.url, database_url, folder) | changes
        self.process = Process(Settings.read(self.env))
        self.reloader = ConfigReloader(self.process.settings.config_dir, self.env)
        self.process.__dict__["reloader"] = self.reloader
        self.engine = self.process.engine
        self.app = self._app()
        self.client = self.app.test_client()
        self.runner = self.new_runner()
        self._server = make_server("127.0.0.1", port, self.app, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def _app(self) -> Flask:
        app = Flask("bot")
        counters = Counters(CollectorRegistry())
        secrets = (SecretStr(JIRA_SECRET),)
        app.register_blueprint(receivers.jira.blueprint(secrets, self.process.inbox, self.reloader, counters))
        if "webcrm" in self.process.settings.crms:
            app.register_blueprint(receivers.webcrm.blueprint((SecretStr(CRM_SECRET),), self.process.inbox, counters))
        if "usedesk" not in self.process.settings.crms:
            return app
        entrance = receivers.usedesk.Entrance.of(self.process.settings)
        now, zone_of = self.process.clock.now, Zone(self.engine).of_fresh
        app.register_blueprint(receivers.usedesk.blueprint(entrance, self.process.inbox, counters, now, zone_of))
        return app

    def new_runner(self) -> Runner:
        """A runner as a freshly started worker has it."""
        return Runner(self.process.factory, self.reloader)

    def __enter__(self) -> Bot:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.engine.dispose()

    def crm(self, event: dict[str, Any], delivery_id: str | None = None) -> int:
        """Post a signed CRM event; the status."""
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = sign_crm(body, delivery_id or str(event["id"]))
        return self.client.post("/webhooks/webcrm", data=body, headers=headers).status_code

    def jira(self, body: dict[str, Any], delivery_id: str | None = None) -> int:
        """Post a signed Jira webhook; the status."""
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = sign_jira(content, delivery_id or uuid.uuid4().hex)
        return self.client.post("/webhooks/jira", data=content, headers=headers).status_code

    def work(self, *, settle: bool = True) -> None:
        """Look at all cases until nothing is due; `settle` also waits for the sandbox's own webhooks."""
        while True:
            if settle:
                self.sandbox.drain()
            due = (deliveries.c.state == "waiting") & (deliveries.c.due_at <= machine_now())
            with self.engine.connect() as connection:
                cases = list(connection.execute(sa.select(deliveries.c.case_id).where(due).distinct()).scalars())
            if not cases:
                return
            for case in cases:
                self.runner.look_at(case)

    def hurry(self) -> None:
        """Make due now whatever waits for a moment or for a system."""
        with self.engine.begin() as connection:
            waiting = sa.update(deliveries).where(deliveries.c.state == "waiting")
            connection.execute(waiting.values(due_at=machine_now(), waits_for=None))
            connection.execute(sa.text("DELETE FROM pauses"))
            connection.execute(sa.text("DELETE FROM rate_limits"))
            connection.execute(sa.text("DELETE FROM rate_turns"))
            connection.execute(sa.text("UPDATE systems SET closed_at = NULL, failures = 0"))

    def delivery(self, delivery_id: str, source: str = "webcrm") -> Any:
        """A delivery's row."""
        where = (deliveries.c.source == source, deliveries.c.delivery_id == delivery_id)
        with self.engine.connect() as connection:
            return connection.execute(sa.select(deliveries).where(*where)).one()

    def steps(self, delivery_id: str, source: str = "webcrm") -> list[tuple[str, str, str]]:
        """The ledger of a delivery: (rule, verb, outcome)."""
        return [(row.rule, row.verb, row.outcome) for row in self.ledger(delivery_id, source)]

    def ledger(self, delivery_id: str, source: str = "webcrm") -> list[Any]:
        """The ledger's rows of a delivery."""
        number = self.delivery(delivery_id, source).id
        with self.engine.connect() as connection:
            rows = sa.select(ledger).where(ledger.c.delivery == number).order_by(ledger.c.id)
            return list(connection.execute(rows))

    def set_config(self, **values: str) -> None:
        """Change variables that the YAML reads, as if the admin had."""
        self.env.update(values)
        folder = Path(self.env.get("CONFIG_DIR") or self.process.settings.config_dir)
        self.reloader = ConfigReloader(folder, self.env)
        self.process.__dict__["reloader"] = self.reloader
        self.runner = self.new_runner()

    def restart_receivers(self) -> None:
        """Let the receivers read the configuration as it is now."""
        self.app = self._app()
        self.client = self.app.test_client()
        self._server.app = self.app

    def set_mode(self, rule: str, mode: str, **more: str) -> None:
        """Give one rule a mode of its own, and other keys, in a copy of the shipped configuration."""
        folder = Path(self.env["DATA_DIR"]) / "config"
        if not folder.exists():
            folder.mkdir()
            for file in self.process.settings.config_dir.glob("*.yml"):
                shutil.copy(file, folder)
        rules = folder / "rules.yml"
        head, found, tail = rules.read_text().partition(f"\n  {rule}:\n")
        assert found, rule
        keys = "".join(f"    {key}: {value}\n" for key, value in {"mode": mode, **more}.items())
        rules.write_text(f"{head}{found}{keys}{tail}")
        self.set_config(CONFIG_DIR=str(folder))
