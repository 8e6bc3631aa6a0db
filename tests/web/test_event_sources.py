"""The page of sources: who has spoken, and rules to copy that the bot itself understands."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runtime.automation_rules import rules
from tests.databases import Sqlite
from tests.web.site import Site, opened

TOKEN = "an-invented-automation-token"
VALUES = {
    "issue.id": "10012",
    "issue.key": "FBO-12",
    "comment.id": "20031",
    "comment.author.accountId": "712020:0b0b0b0b-0000-4000-8000-000000000007",
    "comment.internal": "true",
    "comment.created": "2026-11-20T12:30:00.0+0000",
    "comment.body.asJsonString": json.dumps('Пропуск «на завтра»,\nстрока "два"'),
}


@pytest.fixture
def told(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site with Automation's door and an address of its own."""
    given = {"JIRA_AUTOMATION_TOKENS": TOKEN, "PUBLIC_URL": "https://bot.example.test"}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **given) as made:
        yield made


def test_the_page_has_the_rules_with_this_bots_address_and_no_token(told: Site) -> None:
    page = html.unescape(told.text("/state/sources"))
    for rule in rules(told.process.reloader.current(), "https://bot.example.test"):
        assert rule.url in page
        assert rule.body is None or rule.body in page
    assert TOKEN not in page
    assert "ни одного события ещё не пришло" in page
    told.add(source="automation", state="ignored")
    assert "последнее событие" in told.text("/state/sources")


def test_without_a_token_the_page_says_so(site: Site) -> None:
    page = site.text("/state/sources")
    assert "отвечает 404" in page
    assert "адрес взят из вашего браузера" in page
    assert site.client.post("/webhooks/jira-automation", data=b"{}").status_code == 404


def test_a_rule_that_was_copied_is_understood(told: Site) -> None:
    issue = json.dumps({"issue": {"id": 10012, "key": "FBO-12", "fields": {}}})
    for rule in rules(told.process.reloader.current(), "https://bot.example.test"):
        body = re.sub(r"{{(.*?)}}", lambda found: VALUES[found[1]], rule.body) if rule.body else issue
        parts = urlsplit(rule.url)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = told.client.post(f"{parts.path}?{parts.query}", data=body.encode(), headers=headers)
        assert answer.status_code == 202, (rule, answer.text)
        wanted = "ignored" if rule.body is None else "accepted"  # an issue without its creator is looked up
        assert answer.json == {"status": wanted}, rule
