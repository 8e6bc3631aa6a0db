"""A bot beside its sandbox, of which `flask doctor` has nothing to say."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from app import create_app
from config.access import ROLES
from config.settings import Settings
from desk.clock import machine_now
from sandbox.live import LiveSandbox
from store import systems, users
from store.database import connect
from store.tables import deliveries
from tests.bot import environment
from tests.doctor.asked import ROOT, SOURCES
from tests.web.site import own_logs

Change = Callable[[str, str], None]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[LiveSandbox]:
    """The systems around the bot."""
    with LiveSandbox(data_dir=tmp_path) as running:
        yield running


@pytest.fixture
def env(
    database_url: str, sandbox: LiveSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sa.Engine]:
    """The environment of a bot beside them; its database, with a worker, a clock and an event of each system."""
    found = environment(sandbox.url, database_url, tmp_path) | {"WORKER_LEASE": "1m"}
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    engine = connect(found["DATABASE_URL"])
    now = machine_now()
    with engine.begin() as connection:
        systems.worker_seen(connection, "worker-1", now)
        systems.clock_seen(connection, "clock-1", now)
        for role in ROLES:
            row = {"email": f"{role}@example.test", "role": role, "password": "-", "of_sandbox": False}
            users.add_user(connection, row | {"created_at": now})
        for source in SOURCES:
            row = {"source": source, "delivery_id": "1", "case_id": "1", "type": "x", "state": "done", "body": "{}"}
            connection.execute(sa.insert(deliveries).values(row | {"received_at": now}))
    with own_logs():
        yield engine
    engine.dispose()


@pytest.fixture
def table_of(
    env: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Callable[[str, str], None]]:
    """Write something else into a table: each line with the first text gets the second instead."""
    folder = tmp_path / "config"
    folder.mkdir()
    for file in (ROOT / "config").glob("*.yml"):
        shutil.copy(file, folder)
    monkeypatch.setenv("CONFIG_DIR", str(folder))

    def change(table: str, before: str, after: str) -> None:
        text = (folder / table).read_text(encoding="utf-8")
        assert before in text
        (folder / table).write_text(text.replace(before, after), encoding="utf-8")

    return lambda table: partial(change, table)


@pytest.fixture
def tables(table_of: Callable[[str], Change]) -> Change:
    """Write something else into `jira.yml`."""
    return table_of("jira.yml")


@pytest.fixture
def public(env: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The bot's address is known, by which its webhook is, and leads to it; the address."""
    app = create_app()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.port}"
    monkeypatch.setenv("PUBLIC_URL", address)
    yield address
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["process"].engine.dispose()
