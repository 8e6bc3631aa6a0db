"""What a process imports is what it uses: the rest would cost each of them its memory and the start its seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from tests.test_app import REAL, ROOT

PAGES = ("wiring", "web.rooms", "web.lead", "receivers", "prometheus_client", "flask_wtf", "flask_babel", "gunicorn")
RARELY = ("authlib", "cryptography", "xlsxwriter", "zxcvbn", "holidays.countries")
UNUSED = {
    "worker": (*PAGES, *RARELY, "apscheduler", "runtime.clock"),
    "clock": (*PAGES, *RARELY, "atlassian", "runtime.worker"),
    "web": (*RARELY, "atlassian", "apscheduler", "runtime.worker"),
}
USED = {"worker": "runtime.worker", "clock": "apscheduler", "web": "prometheus_client"}
COMMAND = """
import atexit, json, sys
from flask.cli import main
atexit.register(lambda: print(json.dumps(list(sys.modules)), flush=True))
sys.argv = ["flask", "--app", "app", sys.argv[1]]
main()
"""
WEB = """
import json, sys
from app import create_app
client = create_app().test_client()
assert client.get("/health/ready").status_code == client.get("/sign-in").status_code == 200
print(json.dumps(list(sys.modules)), flush=True)
"""
BEFORE_FORKS = """
import json, os, sys
from cli.run import preload
preload()
import prometheus_client.values
numbers = [number for number in os.listdir("/proc/self/fd") if int(number) > 2]
links = [f"/proc/self/fd/{number}" for number in numbers]
print(json.dumps({
    "threads": len(os.listdir("/proc/self/task")),
    "open": list(map(os.readlink, filter(os.path.islink, links))),
    "counts": prometheus_client.values.ValueClass.__name__,
}))
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A real-looking environment."""
    given = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    return given | REAL | {"DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}


def imported(script: str, role: str, env: dict[str, str]) -> set[str]:
    """The modules of a process that has begun its work."""
    command = [sys.executable, "-c", script, role]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        said = []
        for line in process.stdout or ():
            said.append(line)
            if f"{role} started" in line:
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 0, "".join(said)
    return set(json.loads(said[-1]))


@pytest.mark.parametrize("role", UNUSED)
def test_a_process_imports_what_it_uses(role: str, env: dict[str, str]) -> None:
    found = imported(WEB if role == "web" else COMMAND, role, env)
    assert USED[role] in found
    assert [name for name in UNUSED[role] if name in found] == []


@pytest.mark.parametrize(
    ("database", "counts"), [("sqlite:///{folder}/a.sqlite", "MutexValue"), ("postgres://127.0.0.1:1/x", "MmapedValue")]
)
def test_nothing_is_open_before_the_forks_of_make_run(
    database: str, counts: str, env: dict[str, str], tmp_path: Path
) -> None:
    """A connection or a lock that a thread holds would be there twice. Only several web processes count in files."""
    env["DATABASE_URL"] = database.format(folder=tmp_path)
    command = [sys.executable, "-c", BEFORE_FORKS]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert json.loads(done.stdout) == {"threads": 1, "open": [], "counts": counts}
    assert list(tmp_path.iterdir()) == []
