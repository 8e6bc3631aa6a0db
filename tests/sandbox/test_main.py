"""`python -m sandbox` serves the sandbox with one process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.test_zones import stale

ROOT = Path(__file__).resolve().parents[2]


def test_the_server_answers_breaks_connections_and_ends_by_a_signal(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "SANDBOX_PORT": str(port), "DATA_DIR": str(tmp_path), "BOT_URL": ""}
    env["PYTHONTZPATH"] = stale(tmp_path, "Europe/Moscow", "Etc/GMT-4")  # as it was before 2014
    with subprocess.Popen([sys.executable, "-m", "sandbox"], cwd=ROOT, env=env) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 20
            while not answers(url) and time.monotonic() < until:
                time.sleep(0.1)
            requests.post(
                f"{url}/sandbox/faults", json={"system": "chat", "match": "GET /chat/x", "status": 0}, timeout=5
            )
            with pytest.raises(requests.ConnectionError):
                requests.get(f"{url}/chat/x", timeout=5)
            assert requests.get(f"{url}/chat/x", timeout=5).json() == []
            assert created(url).endswith("+0300")
        finally:
            server.terminate()
        assert server.wait(10) == 0


def answers(url: str) -> bool:
    """True once the server listens."""
    try:
        return requests.get(f"{url}/sandbox", timeout=5).ok
    except requests.ConnectionError:
        return False


def created(url: str) -> str:
    """When Jira says that an issue was made."""
    jira = requests.Session()
    jira.auth = ("bot@example.test", "sandbox")
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "Проверка"}
    made = jira.post(f"{url}/rest/api/3/issue", json={"fields": fields}, timeout=5)
    assert made.ok, made.text
    stamp: str = jira.get(f"{url}/rest/api/3/issue/{made.json()['key']}", timeout=5).json()["fields"]["created"]
    return stamp
