"""Every command, on each database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.cli import cli as flask_command

import cli
from config.settings import Settings
from desk.clock import machine_now
from store.database import connect
from store.tables import deliveries
from tests.bot import environment
from tests.tickets import closing, ticket
from tests.web.site import NOWHERE, own_logs

ROOT = Path(__file__).resolve().parents[1]
EVENT = json.dumps(closing(ticket(id="7")))
PASSWORDS = ("a-long-password\n", "another-password\n")
# In the order of a day: the words, what is piped in, the exit status, and what is printed.
DAY = (
    ("migrate", "", 0, "База готова"),
    ("check-config", "", 0, "Настройки в порядке"),
    ("version", "", 0, "Смежник "),
    ("user add anna@example.com --role lead", PASSWORDS[0], 0, "anna@example.com заведён"),
    ("user password anna@example.com", PASSWORDS[1], 0, "anna@example.com"),
    ("user list", "", 0, "anna@example.com"),
    ("user remove anna@example.com", "", 0, "anna@example.com"),
    ("user list", "", 0, "Пользователей нет"),
    ("token add crm --role lead", "", 0, "больше он не покажется"),
    ("token list", "", 0, "crm"),
    ("token revoke crm", "", 0, "crm"),
    ("texts", "", 0, "=== crm_templates/notes.yml: not_in_t1"),
    ("openapi", "", 0, '"/webhooks/webcrm"'),
    ("procedures", "", 0, "jira_task.escalate_to_jira"),
    ("rules --built", "", 0, "W-40"),
    ("simulate -", EVENT, 1, "Дальше проверить не удалось: jira:main"),
    ("import tests/closings.csv --dry-run", "", 0, "новых событий: 2"),
    ("import tests/closings.csv", "", 0, "принято новых событий: 2"),
    ("replay jira/a1", "", 0, "запущено ещё раз"),
    ("report", "", 0, "Итого"),
    ("setup --yes", "", 1, "Jira не показала"),
    ("webhooks list", "", 1, "jira:main"),
    ("webhooks apply --url https://bot.example.test", "", 1, "jira:main"),
    ("webhooks rules --url https://bot.example.test", "", 0, "https://bot.example.test/webhooks/jira-automation"),
    ("webhooks remove", "", 1, "jira:main"),
    ("doctor", "", 1, "Jira"),
    ("backup README.md", "", 1, "уже есть"),
    ("version", "", 0, "Python"),
)
PROCESSES = ("worker", "clock")


@pytest.fixture
def env(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of a bot whose Jira and CRM do not answer."""
    found = environment(NOWHERE, database_url, tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    with own_logs():
        yield found


def put_dead_letter(url: str) -> None:
    """One delivery that may be replayed."""
    engine = connect(url)
    row = {"source": "jira", "delivery_id": "a1", "case_id": "webcrm:7", "type": "ticket.closing", "state": "dead"}
    with engine.begin() as connection:
        connection.execute(sa.insert(deliveries).values(**row, body="{}", event="{}", received_at=machine_now()))
    engine.dispose()


def test_each_command_does_its_work(env: dict[str, str]) -> None:
    put_dead_letter(env["DATABASE_URL"])
    for words, given, status, said in DAY:
        result = CliRunner().invoke(flask_command, ["--app", "app", *words.split()], input=given)
        assert (words, result.exit_code) == (words, status), result.output
        assert said in result.output, words


@pytest.mark.usefixtures("env")
@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_begins_and_ends(name: str) -> None:
    command = [sys.executable, "-m", "flask", "--app", "app", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        try:
            assert any(f"{name} started" in line for line in process.stdout or ())
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_no_command_is_left_out() -> None:
    app = Flask("smezhnik")
    cli.register(app, None)
    known = {
        f"{name} {part}".strip()
        for name, command in app.cli.commands.items()
        for part in (command.commands if isinstance(command, click.Group) else [""])
    }
    tried = [*PROCESSES, *(words for words, *_ in DAY)]
    assert {name for name in known if not any(f"{words} ".startswith(f"{name} ") for words in tried)} == set()
