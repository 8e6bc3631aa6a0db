"""How the processes start, and how they refuse to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import cli as flask_command

from app import GIVE_UP, create_app
from config.settings import Settings
from runtime.runner import Runner
from store.tables import deliveries
from tests.bot import free_port, sign_crm
from tests.databases import Sqlite
from tests.tickets import closing, ticket
from tests.web.site import opened, own_logs

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "starting"
SECRET = "an-invented-long-secret"
REAL = {
    "JIRA_URL": "https://example.atlassian.net",
    "JIRA_USER": "bot@example.test",
    "JIRA_TOKEN": SECRET,
    "JIRA_WEBHOOK_SECRETS": SECRET,
    "WEBCRM_URL": "https://webcrm.example",
    "WEBCRM_TOKEN": SECRET,
    "WEBCRM_WEBHOOK_SECRETS": "whsec_YW4taW52ZW50ZWQtbG9uZy1zZWNyZXQtb2YtMzItYg==",
    "API_TOKENS": SECRET,
    "SECRET_KEY": SECRET,
}
CASES = {
    "no_secret_of_jira": {"JIRA_WEBHOOK_SECRETS": ""},
    "no_secret_of_webcrm": {"WEBCRM_WEBHOOK_SECRETS": ""},
    "secrets_of_the_sandbox": {"JIRA_WEBHOOK_SECRETS": "sandbox-jira-secret"},
    "nothing_set": dict.fromkeys(REAL, ""),
    "database_of_another_kind": {"DATABASE_URL": "mysql://somebody:a-password@db.example/smezhnik"},
    "database_not_answering": {"DATABASE_URL": "postgres://somebody:a-password@127.0.0.1:1/smezhnik"},
    "database_folder_is_a_file": {"DATA_DIR": "{folder}/a-file"},
    "broken_yaml": {"CONFIG_DIR": "{folder}"},
    "no_people_file": {"PEOPLE_FILE": "{folder}/nobody.yml"},
}
SANDBOX = {  # there only the receivers need the senders' secrets
    "SMEZHNIK_SANDBOX": "1",
    "JIRA_URL": "http://127.0.0.1:9",
    "WEBCRM_URL": "http://127.0.0.1:9",
    "JIRA_WEBHOOK_SECRETS": "",
}
STARTS = [(case, process) for case in CASES for process in ("web", "worker", "clock")] + [
    ("sandbox_without_secret", "web")
]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real-looking environment; `tmp_path` holds a file, and a folder of tables with one that is broken."""
    for name in (*Settings.model_fields, "LOG_FORMAT", "RULES_DEFAULT_MODE"):
        monkeypatch.delenv(name.upper(), raising=False)
    for path in (ROOT / "config").glob("*.yml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "runtime.yml").write_text("retry:\n  schedule: [5s, 1m\ngate: {}\n", encoding="utf-8")
    (tmp_path / "a-file").touch()
    monkeypatch.chdir(ROOT)
    for name, value in (REAL | {"DATA_DIR": str(tmp_path / "var")}).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def refusal(process: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Start a process that will not; its exit status and what it says on stderr."""
    with own_logs():
        if process != "web":
            result = CliRunner().invoke(flask_command, ["--app", "app", process])
            return result.exit_code, result.stderr
        with pytest.raises(SystemExit) as left:
            create_app()
        return int(str(left.value)), capsys.readouterr().err


@pytest.mark.parametrize(("case", "process"), STARTS)
def test_a_wrong_environment_is_told_with_its_fix(
    case: str, process: str, environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in CASES.get(case, SANDBOX).items():
        monkeypatch.setenv(name, value.format(folder=environment))
    status, said = refusal(process, capsys)
    assert status == (GIVE_UP if process == "web" else 1)
    assert said.replace(str(environment), "<folder>") == (GOLDEN / f"{case}.txt").read_text(encoding="utf-8")
    assert "a-password" not in said
    assert SECRET not in said


def test_gunicorn_gives_up_once_and_without_a_traceback(environment: Path, database_url: str) -> None:
    env = dict(os.environ) | {"JIRA_WEBHOOK_SECRETS": "", "PORT": str(free_port()), "DATABASE_URL": database_url}
    gunicorn = [str(Path(sys.executable).parent / "gunicorn"), "app:create_app()"]
    done = subprocess.run(gunicorn, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert done.returncode == GIVE_UP
    assert done.stderr == (GOLDEN / "no_secret_of_jira.txt").read_text(encoding="utf-8")  # however many workers it has


def test_without_jira_events_are_accepted_and_wait(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as site:  # nobody answers at its JIRA_URL
        body = json.dumps(closing(ticket(id="7"), id="evt-1"), ensure_ascii=False).encode()
        answer = site.client.post("/webhooks/webcrm", data=body, headers=sign_crm(body, "evt-1"))
        assert answer.status_code == 202
        assert site.api("/deliveries/webcrm/evt-1").json["status"] == "waiting"
        Runner(site.process.factory, site.process.reloader).look_at("webcrm:7")
        told = site.api("/deliveries/webcrm/evt-1").json
        assert told["status"] == "waiting"
        assert "connection refused" in told["reason"]
        with site.engine.connect() as connection:
            waits_for = connection.execute(sa.select(deliveries.c.waits_for)).scalars().all()
        assert "jira:main" in waits_for
        ready = site.client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json["systems"]["jira:main"].startswith("down since")
        assert "jira:main</b> не отвечает" in site.text("/state")


def test_a_process_with_all_it_needs_serves(environment: Path) -> None:
    with own_logs():
        app = create_app()
        assert app.test_client().get("/health/ready").status_code == 200
        app.extensions["process"].engine.dispose()
