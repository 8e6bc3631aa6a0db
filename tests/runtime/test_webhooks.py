"""The bot's webhook in Jira: once, in place, with what the rules need; drift is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from flask.cli import cli as flask_command
from pydantic import SecretStr

from config.settings import Settings
from desk.jira import webhooks
from desk.jira.client import JiraSite
from runtime.process import Process
from runtime.webhooks import wanted
from sandbox.live import LiveSandbox
from tests.bot import environment
from tests.web.site import own_logs

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = sorted(yaml.safe_load((ROOT / "config/jira.yml").read_text(encoding="utf-8"))["projects"])
SECRET = SecretStr("sandbox-jira-secret")
HOOKS = "/rest/webhooks/1.0/webhook"
EVENTS = ["comment_created", "issuelink_created", "jira:issue_created", "jira:issue_deleted", "jira:issue_updated"]
Flask = Callable[[str], Result]


@pytest.fixture
def jira(tmp_path: Path) -> Iterator[LiveSandbox]:
    """A Jira without a webhook."""
    with LiveSandbox(data_dir=tmp_path) as running:
        yield running


@pytest.fixture
def flask(jira: LiveSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Runs a command beside that Jira."""
    found = environment(jira.url, f"sqlite:///{tmp_path}/bot.sqlite", tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in (found | {"PUBLIC_URL": "https://bot.example.test"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    with own_logs():
        yield lambda words: CliRunner().invoke(flask_command, ["--app", "app", *words.split()])


def hooks(jira: LiveSandbox) -> list[dict[str, Any]]:
    """The webhooks of the site."""
    found: list[dict[str, Any]] = jira.call("GET", HOOKS)
    return found


def test_the_webhook_is_made_once_and_changed_in_place(jira: LiveSandbox, flask: Flask) -> None:
    absent = flask("webhooks list")
    assert (absent.exit_code, "webhooks apply" in absent.output) == (1, True)
    assert "вебхук заведён" in flask("webhooks apply").output
    (made,) = hooks(jira)
    assert (made["name"], made["url"]) == ("Смежник", "https://bot.example.test/webhooks/jira")
    assert (made["events"], made["isSigned"]) == (EVENTS, True)
    assert made["filters"] == {"issue-related-events-section": f"project in ({', '.join(PROJECTS)})"}
    for _ in range(3):
        assert "записан заново" in flask("webhooks apply").output
    (again,) = hooks(jira)
    assert again["self"] == made["self"]
    right = flask("webhooks list")
    assert (right.exit_code, "как надо" in right.output) == (0, True)
    assert "убрано: 1" in flask("webhooks remove").output
    assert hooks(jira) == []


def test_drift_is_said_and_put_right(jira: LiveSandbox, flask: Flask) -> None:
    flask("webhooks apply")
    (made,) = hooks(jira)
    changed = {"name": "Смежник", "url": "https://old.example.test/x", "events": ["comment_created", "comment_deleted"]}
    jira.call("PUT", f"{HOOKS}/{made['self'].rpartition('/')[2]}", changed | {"enabled": False})
    jira.call("POST", HOOKS, {"name": "Смежник", "url": "https://bot.example.test/webhooks/jira", "events": EVENTS})
    jira.call("POST", HOOKS, {"name": "Чужой", "url": "https://other.example.test", "events": EVENTS})
    said = flask("webhooks list")
    assert said.exit_code == 1
    for words in ("нужен один", "адрес должен быть", "не хватает: issuelink_created", "JQL должен быть", "выключен"):
        assert words in said.output
    assert re.search("лишние: comment_deleted$", said.output, re.MULTILINE)
    flask("webhooks apply")
    assert [one["name"] for one in hooks(jira)] == ["Смежник", "Чужой"]
    assert flask("webhooks list").exit_code == 0


def test_two_who_apply_at_once_leave_one(jira: LiveSandbox, flask: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    process, both_saw_none = Process(Settings.read()), Barrier(2)
    config, look = process.reloader.current(), webhooks.listed
    right = wanted(config, "main", "https://bot.example.test")
    meet = iter([both_saw_none.wait, both_saw_none.wait])

    def listed(site: JiraSite) -> list[webhooks.KnownWebhook]:
        found = look(site)
        next(meet, int)()
        return found

    monkeypatch.setattr(webhooks, "listed", listed)
    with ThreadPoolExecutor(2) as two:
        list(two.map(lambda _: webhooks.apply(process.factory.site(config, "main"), right, SECRET), range(2)))
    assert len(hooks(jira)) == 1
    process.engine.dispose()


def test_who_is_no_admin_of_jira_is_told(jira: LiveSandbox, flask: Flask) -> None:
    jira.permissions(ADMINISTER=False)
    for words in ("webhooks list", "webhooks apply", "webhooks remove"):
        refused = flask(words)
        assert (refused.exit_code, "Administer Jira" in refused.output) == (1, True)
