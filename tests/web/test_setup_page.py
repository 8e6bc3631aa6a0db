"""«Подключение Jira»: an admin fills the tables in from Jira on a page; the token is neither kept nor shown."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from werkzeug.test import TestResponse

from config.loader import load
from sandbox.live import LiveSandbox
from tests.databases import Sqlite
from tests.web.site import Site, opened

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "an-invented-token-of-jira"
OPERATOR = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"


@pytest.fixture
def jira(tmp_path: Path) -> Iterator[LiveSandbox]:
    """A Jira beside the pages."""
    with LiveSandbox(data_dir=tmp_path) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of another Jira: other fields and statuses."""
    made = tmp_path / "tables"
    shutil.copytree(ROOT / "config", made, ignore=lambda *_: ["__pycache__"])
    text = (made / "jira.yml").read_text(encoding="utf-8")
    text = text.replace("customfield_100", "customfield_999").replace("in_work: В работе", "in_work: Doing")
    (made / "jira.yml").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def strange(
    sqlite: Sqlite, jira: LiveSandbox, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """Pages of a bot whose tables do not fit its Jira."""
    monkeypatch.setattr("config.environment.FILE", tmp_path / ".env")
    given = {"JIRA_URL": jira.url, "CONFIG_DIR": str(folder)}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **given) as made:
        yield made


def sent(site: Site, jira: LiveSandbox, path: str = "/setup/look", **form: str) -> TestResponse:
    """The form as the bot's own account fills it, and `form`."""
    return site.post(path, **{"url": jira.url, "user": "bot@example.test", **form})


def digest(answer: TestResponse) -> str:
    """What the page wants to be told of the proposal that it shows."""
    found = re.search(r'name="digest" value="(\w+)"', answer.text)
    assert found, answer.text
    return found[1]


def test_the_tables_are_shown_written_and_checked(strange: Site, jira: LiveSandbox, folder: Path) -> None:
    assert "Подключение Jira" in strange.text("/state")
    before = (folder / "jira.yml").read_text(encoding="utf-8")
    looked = sent(strange, jira, agents="a17=operator-1@example.test\na18=nobody@example.test")
    page = html.unescape(looked.text)
    assert "+    in_work: В работе" in page
    assert "nobody@example.test в Jira никто не нашёлся" in page
    assert (folder / "jira.yml").read_text(encoding="utf-8") == before
    agents = "a17=operator-1@example.test\na18=nobody@example.test"
    done = sent(strange, jira, "/setup/write", agents=agents, digest=digest(looked))
    assert done.status_code == 200, done.text
    new, shipped = load(folder, strange.env), load(ROOT / "config", strange.env)
    assert new.jira.projects == shipped.jira.projects
    assert new.holds.agents == {"a17": OPERATOR}
    assert "✓ проект ADS: права, типы задач" in html.unescape(done.text)
    assert "✗ проект" not in done.text
    assert "Перезапустите" not in done.text
    rows = [(row.who, row.target) for row in strange.changes("file_changed")]
    assert rows == [("admin@example.test", "config/jira.yml"), ("admin@example.test", "config/holds.yml")]
    assert strange.changes("account_set") == []
    assert "Таблицы уже такие" in sent(strange, jira).text


def test_the_form_keeps_what_was_typed_but_never_the_token(
    strange: Site, jira: LiveSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    typed = {"user": "other@example.test", "projects": "FBO=FBO", "agents": "a17=x@example.test"}
    answer = sent(strange, jira, token=TOKEN, **typed)
    page = html.unescape(answer.text)
    assert "Jira не показала, что в ней есть: 401" in page
    for kept in (jira.url, *typed.values()):
        assert kept in page
    assert TOKEN not in page + caplog.text
    assert not any(TOKEN.encode() in file.read_bytes() for file in tmp_path.rglob("*.sqlite*"))
    assert TOKEN not in str(answer.headers)


def test_another_account_goes_into_env_and_asks_for_a_restart(
    strange: Site, jira: LiveSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"user": "other@example.test", "token": TOKEN}
    known = replace(jira.state.settings, jira_user="other@example.test", jira_token=TOKEN)
    monkeypatch.setattr(jira.state, "settings", known)
    looked = sent(strange, jira, **other)
    assert "введите токен ещё раз" in looked.text
    without = sent(strange, jira, "/setup/write", user="other@example.test", digest=digest(looked))
    assert "Введите токен" in without.text
    done = sent(strange, jira, "/setup/write", **other, digest=digest(looked))
    assert "Перезапустите бота" in done.text
    kept = (tmp_path / ".env").read_text(encoding="utf-8")
    assert f"JIRA_USER=other@example.test\nJIRA_TOKEN={TOKEN}\n" in kept
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert TOKEN not in done.text
    (row,) = strange.changes("account_set")
    assert (row.target, row.after, TOKEN in repr(row)) == (jira.url, "other@example.test", False)
    assert "учётная запись Jira" in strange.text("/changes")


def test_only_what_was_shown_is_written(strange: Site, jira: LiveSandbox, folder: Path) -> None:
    looked = sent(strange, jira)
    holds = folder / "holds.yml"
    holds.write_text(holds.read_text(encoding="utf-8") + "# changed meanwhile\n", encoding="utf-8")
    jira_table = (folder / "jira.yml").read_text(encoding="utf-8")
    answer = sent(strange, jira, "/setup/write", digest=digest(looked), agents="a17=operator-1@example.test")
    assert "Ничего не записано" in answer.text
    assert (folder / "jira.yml").read_text(encoding="utf-8") == jira_table
    assert strange.changes("file_changed") == []


def test_files_that_may_not_be_written_are_there_to_download(
    strange: Site, jira: LiveSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    page = html.unescape(sent(strange, jira).text)
    assert "/setup/write" not in page
    found = re.search(r'download="jira.yml" href="data:text/yaml;charset=utf-8,([^"]+)"', page)
    assert found
    assert "in_work: В работе" in unquote(found[1])


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"url": "https://company.atlassian.net"}, "Из песочницы видна только Jira"),
        ({"url": ""}, "Нужны адрес Jira и почта"),
        ({"url": "ftp://127.0.0.1"}, "Адрес не годится"),
        ({"user": "other@example.test"}, "Введите токен"),
        ({"projects": "FBO"}, "FBO – не понять"),
    ],
)
def test_what_is_wrong_with_the_form_is_said(strange: Site, jira: LiveSandbox, form: dict[str, str], said: str) -> None:
    jira.call("POST", "/sandbox/calls/clear")
    answer = sent(strange, jira, **({"token": TOKEN} if "url" in form else {}), **form)
    assert said in html.unescape(answer.text)
    assert jira.calls("jira") == []


def test_the_page_and_the_doctor_speak_english(strange: Site, jira: LiveSandbox) -> None:
    strange.browser("admin").set_cookie("language", "en")
    looked = sent(strange, jira)
    assert "What changes" in looked.text
    done = html.unescape(sent(strange, jira, "/setup/write", digest=digest(looked)).text)
    assert "✓ project ADS: permissions, issue types, fields, components and statuses are right" in done


@pytest.mark.parametrize("role", ["lead", "agent"])
def test_it_is_for_admins_alone(strange: Site, jira: LiveSandbox, role: str) -> None:
    assert strange.get("/setup", role).status_code == 403
    assert strange.post("/setup/look", role, url=jira.url, user="bot@example.test").status_code == 403
