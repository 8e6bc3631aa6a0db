"""Attachments: added by a form with Jira's header, seen in the issue, told to the webhooks."""

from __future__ import annotations

from typing import Any

import requests

from sandbox.live import LiveSandbox
from tests import openapi

from .conftest import TIMEOUT, Bot, Jira

NO_CHECK = {"X-Atlassian-Token": "no-check"}


def attach(jira: Jira, key: str, headers: dict[str, str], *files: tuple[str, bytes, str]) -> requests.Response:
    """Attach files; the answer is checked against Jira's document."""
    path = f"/rest/api/3/issue/{key}/attachments"
    form = [("file", file) for file in files]
    answer = requests.post(jira.url + path, files=form or None, headers=headers, auth=jira.auth, timeout=TIMEOUT)
    if openapi.available("jira") and answer.headers["Content-Type"].startswith("application/json"):
        openapi.check_response("jira", "POST", path, answer.status_code, answer.json())
    return answer


def test_files_are_attached_and_told(live: LiveSandbox, jira: Jira, bot: Bot) -> None:
    key = jira.create()["key"]
    live.drain()
    answer = attach(jira, key, NO_CHECK, ("бирка.jpg", b"12345", "image/jpeg"), ("чек.pdf", b"%PDF", "application/pdf"))
    assert answer.status_code == 200
    shown = jira.take("GET", f"/rest/api/3/issue/{key}?fields=attachment")["fields"]["attachment"]
    assert shown == answer.json()
    assert [(one["filename"], one["size"], one["mimeType"]) for one in shown] == [
        ("бирка.jpg", 5, "image/jpeg"),
        ("чек.pdf", 4, "application/pdf"),
    ]
    told: dict[str, Any] = bot.wait_for("jira:issue_updated")
    assert [item["toString"] for item in told["changelog"]["items"]] == ["бирка.jpg", "чек.pdf"]


def test_what_jira_refuses(live: LiveSandbox, jira: Jira) -> None:
    key, file = jira.create()["key"], ("бирка.jpg", b"12345", "image/jpeg")
    assert attach(jira, key, {}, file).status_code == 403
    assert attach(jira, "NOPE-1", NO_CHECK, file).status_code == 404
    assert jira("POST", f"/rest/api/3/issue/{key}/attachments", {}, X_Atlassian_Token="no-check").status_code == 415
    live.permissions(CREATE_ATTACHMENTS=False)
    assert attach(jira, key, NO_CHECK, file).status_code == 403
    assert jira.fields(key)["attachment"] == []
