"""Asking `flask doctor`, and what it finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result
from flask.cli import cli as flask_command

from sandbox.live import LiveSandbox

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("jira", "webcrm", "usedesk")


def doctor(*args: str) -> Result:
    """`flask --app app doctor`."""
    return CliRunner().invoke(flask_command, ["--app", "app", "doctor", *args])


def rows(*args: str) -> list[dict[str, Any]]:
    """Everything that it says, in its order."""
    found: list[dict[str, Any]] = json.loads(doctor("--json", *args).stdout)
    return found


def found(level: str, *args: str) -> dict[str, list[dict[str, Any]]]:
    """The symptoms of a level by their code."""
    codes: dict[str, list[dict[str, Any]]] = {}
    for row in rows(*args):
        if row["level"] == level:
            codes.setdefault(row["code"], []).append(row)
    return codes


def hook(sandbox: LiveSandbox, address: str, **changes: Any) -> None:
    """A webhook of the bot at this address in Jira."""
    events = ["comment_created", "issuelink_created", "jira:issue_created", "jira:issue_deleted", "jira:issue_updated"]
    keys = sorted(yaml.safe_load((ROOT / "config/jira.yml").read_text(encoding="utf-8"))["projects"])
    right: dict[str, Any] = {"name": "Смежник", "url": f"{address}/webhooks/jira", "events": events, "secret": "s"}
    right["filters"] = {"issue-related-events-section": f"project in ({', '.join(keys)})"}
    sandbox.call("POST", "/rest/webhooks/1.0/webhook", right | changes)
