"""The commands, as a person runs them."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.cli import cli as flask_command

from cli.version import version
from cli.words import columns, table
from config.settings import Settings
from sandbox.live import LiveSandbox
from tests.bot import environment
from tests.tickets import closing, ticket
from tests.web.site import NOWHERE, Site, opened, own_logs

ROOT = Path(__file__).resolve().parents[1]
MOVED = {
    "webhookEvent": "jira:issue_updated",
    "timestamp": 1_795_000_000_000,
    "issue": {"id": "10001", "key": "FBO-1", "fields": {"project": {"key": "FBO"}}},
    "changelog": {"items": [{"fieldId": "labels"}]},
}


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


def run(*args: str, stdin: str | None = None) -> Result:
    """`flask --app app …`."""
    return CliRunner().invoke(flask_command, ["--app", "app", *args], input=stdin)


def simulated(body: Any, *args: str) -> Result:
    """`simulate -` with a body on stdin."""
    return run("simulate", "-", *args, stdin=body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))


@pytest.mark.usefixtures("env")
@pytest.mark.parametrize(
    "args", [("report", "--days", "900000"), ("report", "--days", "99999999999"), ("replay", "9" * 23), ("replay", "²")]
)
def test_a_number_that_is_too_large_is_refused_in_words(args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.output.startswith("Error: ")


def test_version_says_what_a_report_of_a_fault_needs(env: dict[str, str]) -> None:
    kind = "PostgreSQL" if env["DATABASE_URL"].startswith("postgresql") else "SQLite"
    result = run("version")
    assert result.exit_code == 0, result.output
    assert result.output == f"Смежник {version()}, Python {platform.python_version()}, {kind}\n"


@pytest.mark.usefixtures("env")
@pytest.mark.parametrize("args", [("rules",), ("report",), ("replay", "jira/a1"), ("simulate", "-")])
def test_a_command_without_its_variables_says_so_in_words(
    args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JIRA_TOKEN")
    result = run(*args, stdin="{}")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "jira.yml:12: sites.main.token: переменная окружения JIRA_TOKEN не задана" in result.output


@pytest.mark.usefixtures("env")
class TestCheckConfig:
    """`check-config` says all at once, in every state of brokenness."""

    def test_all_is_well(self) -> None:
        result = run("check-config")
        assert result.exit_code == 0, result.output
        assert result.output.startswith("Настройки в порядке: версия ")
        assert result.output.count("\n") == 1
        assert "режим по умолчанию: act" in result.output

    def test_tables_then_templates_then_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / "config"
        shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        (folder / "runtime.yml").write_text("retri: 1\n", encoding="utf-8")
        monkeypatch.setenv("CONFIG_DIR", str(folder))
        monkeypatch.setenv("SMEZHNIK_SANDBOX", "")
        monkeypatch.setenv("SECRET_KEY", "")
        monkeypatch.setattr("cli.checking.ROOT", tmp_path)
        result = run("check-config")
        assert result.exit_code == 1
        lines = result.output.splitlines()
        places = [
            next(n for n, line in enumerate(lines) if wanted in line)
            for wanted in ("runtime.yml:1: retri", "comments.yml", "env: SECRET_KEY")
        ]
        assert places == sorted(places)

    def test_settings_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "eighty")
        monkeypatch.setenv("DATABASE_URL", "mysql://a/b")
        result = run("check-config")
        assert result.exit_code == 1
        assert "env: PORT: «eighty»" in result.output
        assert "env: DATABASE_URL:" in result.output


@pytest.mark.usefixtures("env")
class TestSimulate:
    """`simulate` says what would be done, and does nothing."""

    @pytest.fixture
    def jira(self, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """A Jira and a CRM that answer."""
        with LiveSandbox(data_dir=tmp_path) as sandbox:
            for name, value in environment(sandbox.url, "", tmp_path).items():
                if value.startswith(sandbox.url):
                    monkeypatch.setenv(name, value)
            yield

    @pytest.mark.usefixtures("jira")
    def test_a_closing(self) -> None:
        result = simulated(closing(ticket(id="7")))
        assert result.exit_code == 0, result.output
        assert "ticket.closing, дело webcrm:7" in result.output
        assert "создать задачу Jira" in result.output
        assert "W-40" in result.output
        assert "сделал бы" in result.output

    @pytest.mark.usefixtures("jira")
    def test_a_file_as_json(self, tmp_path: Path) -> None:
        path = tmp_path / "event.json"
        path.write_text(json.dumps(closing(ticket(id="7"))), encoding="utf-8")
        result = run("simulate", str(path), "--json")
        told = json.loads(result.stdout)
        assert (told["type"], told["case"], told["ignored"]) == ("ticket.closing", "webcrm:7", None)
        assert {"rule", "verb", "target", "mode", "outcome", "after"} <= set(told["steps"][0])
        assert "create_issue" in [step["verb"] for step in told["steps"]]

    def test_nothing_is_written(self, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        simulated(closing(ticket(id="7")))
        with opened(env["DATABASE_URL"], tmp_path, monkeypatch) as site:
            assert site.api("/deliveries").json == {"deliveries": [], "next": None}

    def test_a_jira_body_when_jira_does_not_answer(self) -> None:
        result = simulated(MOVED)
        assert result.exit_code == 1
        assert "issue.updated, дело main:10001" in result.output
        assert "Дальше проверить не удалось: jira:main" in result.output

    def test_a_body_that_the_bot_ignores(self) -> None:
        result = simulated(MOVED | {"webhookEvent": "sprint_closed"})
        assert result.exit_code == 0
        assert "не станет рассматривать" in result.output
        other = json.loads(simulated(MOVED | {"webhookEvent": "sprint_closed"}, "--json").stdout)
        assert other["ignored"] == "unknown event sprint_closed"

    @pytest.mark.usefixtures("jira")
    def test_warnings_are_shown(self) -> None:
        result = simulated(closing(ticket(id="7")) | {"agent": "nobody"})
        assert result.exit_code == 0, result.output
        assert "Замечание: $.agent" in result.output

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ("{", "not JSON at line 1"),
            ("", "the body is empty"),
            ('{"type": "ticket.closing"}', "$.id: is missing; send"),
            ({"id": "1", "type": "ticket.closing", "occurred_at": "2026-11-20T16:04:11+03:00"}, "$.ticket"),
        ],
    )
    def test_a_fault_has_its_path_and_fix(self, body: Any, fault: str) -> None:
        result = simulated(body)
        assert result.exit_code == 1
        assert fault in result.stderr
        assert "Traceback" not in result.stderr

    def test_a_file_that_is_not_there(self) -> None:
        assert run("simulate", "no-such.json").exit_code != 0


class TestReplay:
    """`replay` by our number or by the sender's."""

    @pytest.fixture
    def site(self, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
        """Pages over the same database."""
        with opened(env["DATABASE_URL"], tmp_path, monkeypatch) as made:
            yield made

    def test_both_names(self, site: Site) -> None:
        numbers = [site.add(state="dead", source="jira", delivery_id=f"a/{n}") for n in (1, 2)]
        for name in (str(numbers[0]), "jira/a/2"):
            result = run("replay", name)
            assert result.exit_code == 0, result.output
            assert "запущено ещё раз" in result.output
        assert [site.state(number) for number in numbers] == ["waiting", "waiting"]

    def test_what_cannot_be(self, site: Site) -> None:
        running = site.add(state="running")
        for name in (str(running), "999", "webcrm/none", "none"):
            result = run("replay", name)
            assert result.exit_code == 1
            assert "Traceback" not in result.output
        assert site.state(running) == "running"


@pytest.mark.usefixtures("env")
def test_migrate_makes_a_database(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_url)
    monkeypatch.setenv("JIRA_URL", "")  # a release needs the database alone
    for _ in range(2):
        result = run("migrate")
        assert (result.exit_code, result.output) == (0, "База готова.\n")


def test_a_table_is_aligned_and_one_line_a_row() -> None:
    rows = [{"rule": "W-1", "mode": "act", "built": "да", "where": "a\nb", "tests": "x" * 99}]
    lines = table(columns("rule_columns"), rows).splitlines()
    assert len(lines) == 2
    assert lines[0].index("режим") == lines[1].index("act")
    assert "a b" in lines[1]
    assert lines[1].endswith("…")


@pytest.mark.usefixtures("env")
def test_help_names_every_command() -> None:
    told = run("--help").output
    for name in ("worker", "clock", "migrate", "check-config", "simulate", "replay", "rules"):
        assert name in told


@pytest.mark.usefixtures("env")
class TestReport:
    """`report` tells the lead's figures in a terminal."""

    def test_an_empty_database_has_nothing_to_tell(self) -> None:
        result = run("report", "--days", "7")
        assert result.exit_code == 0, result.output
        assert "Итого" in result.output
        assert "Предыдущий период" in result.output

    def test_programs_get_the_figures_as_json(self) -> None:
        found = json.loads(run("report", "--days", "7", "--json").stdout)
        assert (found["total"]["asked"], found["departments"]) == (0, {})

    def test_a_number_of_days_that_cannot_be(self) -> None:
        result = run("report", "--days", "0")
        assert result.exit_code != 0
        assert "от 1 до 366" in result.output


def test_openapi_prints_what_the_web_process_serves(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://bot.example")
    with opened(env["DATABASE_URL"], tmp_path, monkeypatch, PUBLIC_URL="https://bot.example") as site:
        served = site.client.get("/openapi.json").json
    assert json.loads(run("openapi").stdout) == served


def test_openapi_needs_nothing_set_up(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in env:
        monkeypatch.delenv(name, raising=False)
    told = {words: json.loads(run("openapi", *words).stdout) for words in ((), ("--all",))}
    assert list(told[()]["paths"]) == ["/webhooks/jira"]
    assert {"/webhooks/webcrm", "/webhooks/forge", "/api/closing-check"} <= set(told["--all",]["paths"])
    assert "servers" not in told["--all",]
