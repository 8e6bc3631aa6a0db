"""`make run`: what it says and leaves behind when it cannot start, and what it starts when it can."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.run import _is_there, prepare
from config.settings import Settings
from tests.bot import free_port
from tests.test_app import CASES, GOLDEN, REAL, ROOT
from tests.wire import Wire, answer

MAKE_RUN = ("cli.run",)
SECONDS = 120  # to begin, and to end; a busy machine takes long
AT_LAST = ("clock started", "Three things to try")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A real-looking environment; `.env` is read from a folder of the test's own."""
    given = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    given.pop("PYTHON_DOTENV_DISABLED")
    (tmp_path / "a-file").touch()
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    return (
        given
        | REAL
        | ports
        | {
            "DATA_DIR": str(tmp_path / "var"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
    )


def run(env: dict[str, str], folder: Path, *module: str) -> tuple[int, str]:
    """Run a module, `make run`'s unless another is named, to its end; exit status, and what it said.

    All that it started has to be gone by then.
    """
    command = [sys.executable, "-m", *(module or MAKE_RUN)]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, cwd=folder, env=env, timeout=SECONDS, check=False, **options)  # noqa: S603
    assert left_behind(folder) == []
    return done.returncode, done.stdout.replace(str(folder), "<folder>")


def left_behind(folder: Path) -> list[str]:
    """The processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder and int(process.name) != os.getpid():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


REFUSALS: dict[str, dict[str, str]] = {
    **{name: CASES[name] for name in ("no_secret_of_jira", "database_of_another_kind", "database_not_answering")},
    "no_secret_key": {"SECRET_KEY": ""},
    "port_is_no_number": {"PORT": "eighty"},
    "sandbox_port_is_no_number": {"SANDBOX_PORT": "99999"},
    "workers_are_no_number": {"WORKERS": "two"},
    "database_is_no_database": {"DATABASE_URL": "sqlite:///{folder}/notes.txt"},
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_wrong_configuration_is_said_once_and_ends_it(case: str, env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a file of another kind, long enough to be taken for a database\n" * 20)
    status, said = run(env | {name: value.format(folder=tmp_path) for name, value in REFUSALS[case].items()}, tmp_path)
    reasons = [line for line in (GOLDEN / f"{case}.txt").read_text(encoding="utf-8").splitlines() if line]
    assert status == 1
    assert [line.removeprefix("    web | ") for line in said.splitlines()] == [
        *reasons,
        "web did not start; what is wrong stands above",
    ]


def test_tables_that_are_not_there(env: dict[str, str], tmp_path: Path) -> None:
    status, said = run(env | {"CONFIG_DIR": str(tmp_path / "nowhere")}, tmp_path)
    assert status == 1
    assert said.count("  nowhere/jira.yml:1: файла нет") == 1 == said.count("Смежник не запущен")


def test_a_port_that_is_taken(env: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, said = run(env | {"PORT": str(port)}, tmp_path)
    assert (status, said) == (1, f"this port is in use: PORT={port}; set another one, as in: PORT=8181 make run\n")


def test_a_folder_for_data_that_is_a_file(env: dict[str, str], tmp_path: Path) -> None:
    status, said = run(env | {"DATA_DIR": str(tmp_path / "a-file")}, tmp_path)
    assert (status, said) == (
        1,
        "<folder>/a-file/logs cannot be made (Not a directory); set DATA_DIR to another folder\n",
    )


def test_an_env_file_that_cannot_be_read(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("# порт\nPORT=9999\n".encode("cp1251"))
    assert run(env, tmp_path) == (1, ".env: файл не в кодировке UTF-8; сохраните его в UTF-8\n")


@pytest.mark.parametrize(
    "command",
    [
        ("gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "app:create_app()"),  # as the Procfile starts it
        ("flask", "--app", "app", "worker"),
        ("flask", "--app", "app", "clock"),
        ("flask", "--app", "app", "check-config"),
        MAKE_RUN,
    ],
)
def test_every_process_reads_the_env_file(command: tuple[str, ...], env: dict[str, str], tmp_path: Path) -> None:
    del env["FLASK_SKIP_DOTENV"]
    for name in REAL:
        del env[name]
    lines = [f"{name}={value}" for name, value in REAL.items() if name != "JIRA_WEBHOOK_SECRETS"]
    (tmp_path / ".env").write_text("\n".join(lines))
    status, said = run(env, tmp_path, *command)
    assert [line for line in said.splitlines() if "env:" in line or ".yml" in line] == [
        line for line in said.splitlines() if "env: JIRA_WEBHOOK_SECRETS: не задано" in line
    ]
    assert said.count("JIRA_WEBHOOK_SECRETS") == 1
    assert status != 0


@pytest.mark.parametrize(
    ("given", "people"),
    [
        ({}, str(ROOT / "sandbox" / "people.yml")),
        ({"PEOPLE_FILE": "names.yml"}, "names.yml"),
        ({"CONFIG_DIR": "tables"}, None),  # whoever brings tables has people of their own
        ({"JIRA_URL": REAL["JIRA_URL"]}, None),  # no sandbox
    ],
)
def test_the_sandbox_has_people_of_its_own(
    given: dict[str, str], people: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(given))
    prepare(demo=False)
    assert os.environ.get("PEOPLE_FILE") == people


def test_it_starts_all_in_order_and_ends_all_by_a_signal(env: dict[str, str], tmp_path: Path) -> None:
    for name in REAL:
        del env[name]
    env["DEMO_TICKETS"] = "0"
    said: list[str] = []
    command = [sys.executable, "-m", *MAKE_RUN]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stdout or ():
            said.append(line)
            if all(words in "".join(said) for words in AT_LAST):
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 0, "".join(said)
    assert f"{env['PORT']}/deliveries" in "".join(said)
    assert f"  Smezhnik: http://127.0.0.1:{env['PORT']}/\n" in said
    assert left_behind(tmp_path) == []


def test_no_proxy_stands_between_two_processes_of_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(lambda _: [answer(b"{}")]) as web, Wire(lambda _: [answer(b"", status="403 Forbidden")]) as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        web.hang_up = True
        assert _is_there(str(web.port), "/health/ready")
        assert len(web.heard) == 1
        assert proxy.heard == []


def test_who_dies_is_started_again(env: dict[str, str], tmp_path: Path) -> None:
    said: list[str] = []
    killed: list[str] = []
    command = [sys.executable, "-m", *MAKE_RUN]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stdout or ():
            said.append(line)
            name = line.split("|")[0].strip()
            if f"{name.rstrip('2')} started" not in line:
                continue
            if name not in killed:
                killed.append(name)
                os.kill(process_named(name, tmp_path), signal.SIGKILL)
            elif all("".join(said).count(f"{one} started") > number for one, number in (("clock", 1), ("worker", 3))):
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 0, "".join(said)
    again = sorted(line for line in said if "starting it again" in line)
    assert again == [f"{name:>7} | ended with -9, starting it again\n" for name in ("clock", "worker", "worker2")]
    assert left_behind(tmp_path) == []


def process_named(name: str, folder: Path) -> int:
    """The process that works in a folder under this name."""
    named = (comm.parent for comm in Path("/proc").glob("[0-9]*/comm") if comm.read_text() == f"{name}\n")
    return next(int(process.name) for process in named if (process / "cwd").resolve() == folder)
