"""Registering webhooks as an admin does."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.live import LiveSandbox

from .conftest import OPERATOR, Bot, Jira

HOOKS = "/rest/webhooks/1.0/webhook"


def register(jira: Jira, url: str, **more: Any) -> dict[str, Any]:
    """Register a webhook."""
    body = {"name": "Проверка", "url": url, "events": ["jira:issue_created"], "secret": "второй секрет"}
    made: dict[str, Any] = jira.take("POST", HOOKS, body | more)
    return made


def test_the_start_knows_the_bot(jira: Jira, bot: Bot) -> None:
    (hook,) = jira.take("GET", HOOKS)
    assert hook["url"] == f"{bot.url}/webhooks/jira"
    assert {"jira:issue_updated", "comment_created", "issuelink_created"} <= set(hook["events"])


def test_a_second_webhook_doubles_the_event_and_its_jql_filters(jira: Jira, bot: Bot) -> None:
    section = {"issue-related-events-section": "project = QC"}
    made = register(jira, f"{bot.url}/other", filters=section)
    assert made["isSigned"] is True
    assert "secret" not in made
    jira.create()
    jira.create("QC")
    told = [bot.next() for _ in range(3)]
    assert sorted((one.path, one.event["issue"]["key"]) for one in told) == [
        ("/other", "QC-1"),
        ("/webhooks/jira", "FBO-1"),
        ("/webhooks/jira", "QC-1"),
    ]
    assert len({one.headers["x-atlassian-webhook-identifier"] for one in told}) == 3


def test_a_webhook_is_changed_and_removed(live: LiveSandbox, jira: Jira, bot: Bot) -> None:
    made = register(jira, f"{bot.url}/other")
    path = f"{HOOKS}/{made['self'].rpartition('/')[2]}"
    body = {"name": "Иначе", "url": made["url"], "events": ["comment_created"], "enabled": False}
    assert jira.take("PUT", path, body)["enabled"] is False
    assert live.state.hooks[2].secret == "второй секрет"
    assert jira.take("GET", path)["events"] == ["comment_created"]
    assert jira("DELETE", path).status_code == 204
    assert jira("GET", path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"url": "nonsense"},
        {"events": []},
        {"events": ["no_such_event"]},
        {"filters": {"issue-related-events-section": "nonsense = 1"}},
    ],
)
def test_a_wrong_webhook_is_refused(jira: Jira, body: dict[str, Any]) -> None:
    good = {"name": "x", "url": "http://127.0.0.1:9/x", "events": ["comment_created"]}
    assert jira("POST", HOOKS, good | body).status_code == 400


def test_only_admins_may(jira: Jira) -> None:
    assert jira.acting_as(OPERATOR)("GET", HOOKS).status_code == 403
