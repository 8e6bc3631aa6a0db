"""The master issue of a mass failure is looked up when the failure is opened, and its summary is shown (R-24)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.live import LiveSandbox
from store import incidents
from store.incidents import Row
from tests.databases import Sqlite
from tests.web.site import Site, opened
from tests.web.test_incidents import GIVEN

ISSUE = "/rest/api/3/issue/"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[LiveSandbox]:
    """A Jira with an issue in it."""
    with LiveSandbox(bot_url="http://127.0.0.1:9", data_dir=tmp_path) as made:
        yield made


@pytest.fixture
def site(sandbox: LiveSandbox, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The pages of a bot of this Jira."""
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, JIRA_URL=sandbox.url) as made:
        yield made


def made(sandbox: LiveSandbox) -> str:
    """The key of a new issue."""
    fields = {"project": {"key": "ADS"}, "issuetype": {"name": "Задача"}, "summary": "Кабинет <лежит>"}
    return str(sandbox.call("POST", "/rest/api/3/issue", {"fields": fields})["key"])


def newest(site: Site) -> Row | None:
    """The failure that was opened last."""
    with site.engine.connect() as connection:
        return next(iter(incidents.newest(connection)), None)


@pytest.mark.rule("R-24")
@pytest.mark.parametrize("typed", ["{key}", " {lower} ", "{url}/browse/{key}", "{url}/browse/{key}?focusedId=1"])
def test_what_the_issue_is_about_stands_on_both_pages(site: Site, sandbox: LiveSandbox, typed: str) -> None:
    key = made(sandbox)
    text = typed.format(key=key, lower=key.lower(), url=sandbox.url)
    answer = site.post("/incidents/new", "lead", **(GIVEN | {"issue_key": text}))
    assert answer.headers["Location"].endswith("told=incident_opened")
    row = newest(site)
    assert row is not None
    assert (row.issue_key, row.issue_summary) == (key, "Кабинет <лежит>")
    for page in ("/incidents", f"/incidents/{row.id}"):
        assert "Кабинет &lt;лежит&gt;" in site.get(page, "lead").text


@pytest.mark.rule("R-24")
def test_an_issue_that_is_not_there_or_not_seen_or_elsewhere_is_said_on_the_form(
    site: Site, sandbox: LiveSandbox
) -> None:
    key = made(sandbox)

    def say(typed: str) -> str:
        answer = site.post("/incidents/new", "lead", **(GIVEN | {"issue_key": typed}))
        assert answer.status_code == 200
        assert newest(site) is None
        assert GIVEN["name"] in answer.text
        return answer.text

    absent = say("ADS-99999")
    assert "Такой задачи в Jira нет" in absent
    assert 'value="ADS-99999"' in absent
    assert "Ссылка ведёт в другую Jira" in say(f"https://other.atlassian.net/browse/{key}")
    sandbox.fault(system="jira", match=f"GET {ISSUE}{key}", status=403, times=1)
    assert "Бот не видит эту задачу" in say(key)
    sandbox.fault(system="jira", match=f"GET {ISSUE}{key}", status=404)
    sandbox.fault(system="jira", match="GET /rest/api/3/project/ADS", status=404)
    assert "Бот не видит эту задачу" in say(key)


@pytest.mark.rule("R-24")
def test_a_jira_that_is_down_holds_no_failure_up(site: Site, sandbox: LiveSandbox) -> None:
    key = made(sandbox)
    sandbox.fault(system="jira", match=f"GET {ISSUE}{key}", status=503)
    answer = site.post("/incidents/new", "lead", **(GIVEN | {"issue_key": key}))
    assert answer.headers["Location"].endswith("told=incident_opened_unseen")
    row = newest(site)
    assert row is not None
    assert (row.issue_key, row.issue_summary) == (key, None)
    assert "Jira сейчас не ответила" in site.get(answer.headers["Location"], "lead").text
