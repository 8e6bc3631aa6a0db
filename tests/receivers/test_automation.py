"""`POST /webhooks/jira-automation` from the outside: each format of the action's body, and what is missing in it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from config import ConfigReloader
from events import CommentEvent, IssueEvent
from receivers import automation
from receivers.counters import Counters
from receivers.signatures import NoSecretError
from tests.receivers.conftest import AUTOMATION_TOKENS

if TYPE_CHECKING:
    from tests.receivers.conftest import Door

FORMATS = Path(__file__).parent / "automation"
OLGA = "712020:0b0b0b0b-0000-4000-8000-000000000007"
COMMENT = {
    "event": "comment_created",
    "issue": {"id": 10012, "key": "FBO-12"},
    "comment": {
        "id": 20031,
        "author": OLGA,
        "internal": True,
        "created": "2026-11-20T15:30:00.000+0300",
        "body": "Пропуск выписан",
    },
}


def jira_format() -> dict[str, Any]:
    body: dict[str, Any] = json.loads((FORMATS / "jira_format.json").read_text(encoding="utf-8"))
    return body


def automation_format() -> dict[str, Any]:
    issue: dict[str, Any] = jira_format()["issue"]
    return issue


def send(door: Door, body: bytes | dict[str, Any], query: str = "", token: str | None = None) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    bearer = AUTOMATION_TOKENS[1].get_secret_value() if token is None else token
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    return door.post(f"/webhooks/jira-automation{query}", raw, headers)


@pytest.mark.parametrize("body", [jira_format(), automation_format()], ids=["jira_format", "automation_format"])
def test_an_issue_that_was_made_comes_in_whole_in_either_format(door: Door, body: dict[str, Any]) -> None:
    assert send(door, body, "?event=issue_created").json == {"status": "accepted"}
    (arrival,) = door.inbox.arrivals
    assert (arrival.source, arrival.case, arrival.type) == ("automation", "main:10012", "issue.created")
    event = arrival.event
    assert isinstance(event, IssueEvent)
    assert (event.source, event.issue.id, event.issue.key, event.issue.project) == ("jira", "10012", "FBO-12", "FBO")
    assert event.actor is not None  # nobody is named as the actor, but who made an issue is its creator
    assert event.actor.account_id == OLGA
    assert event.occurred_at.isoformat() == "2026-11-20T12:20:11.662000+00:00"
    assert door.looked == []


@pytest.mark.parametrize("body", [jira_format(), automation_format()], ids=["jira_format", "automation_format"])
@pytest.mark.parametrize("query", ["", "?event=issue_updated", "?event=jira:issue_updated"])
def test_what_changed_and_by_whom_is_looked_up(door: Door, body: dict[str, Any], query: str) -> None:
    assert send(door, body, query).json == {"status": "ignored"}
    (arrival,) = door.inbox.arrivals
    assert (arrival.event, arrival.ignored, arrival.case) == (None, automation.LOOKED_UP, "main:10012")
    assert door.looked == ["main"]


def test_an_issue_without_its_creator_is_looked_up(door: Door) -> None:
    body = jira_format()
    del body["issue"]["fields"]["creator"]
    assert send(door, body, "?event=issue_created").json == {"status": "ignored"}
    assert door.looked == ["main"]


def test_a_comment_comes_as_custom_data(door: Door) -> None:
    assert send(door, COMMENT).json == {"status": "accepted"}
    (arrival,) = door.inbox.arrivals
    event = arrival.event
    assert isinstance(event, CommentEvent)
    assert (event.comment_id, event.text, event.public, event.actor and event.actor.account_id) == (
        "20031",
        "Пропуск выписан",
        False,
        OLGA,
    )


@pytest.mark.parametrize(
    ("internal", "public"), [("true", False), ("false", True), (False, True), ("", None), (7, None)]
)
def test_whom_a_comment_is_for_is_told_by_a_word_or_not_at_all(door: Door, internal: object, public: object) -> None:
    send(door, COMMENT | {"comment": COMMENT["comment"] | {"internal": internal}})  # type: ignore[operator]
    event = door.inbox.arrivals[0].event
    assert isinstance(event, CommentEvent)
    assert event.public is public


@pytest.mark.parametrize("missing", ["author", "body"])
def test_a_comment_that_lacks_its_author_or_its_words_is_looked_up(door: Door, missing: str) -> None:
    comment = {name: value for name, value in COMMENT["comment"].items() if name != missing}  # type: ignore[attr-defined]
    assert send(door, COMMENT | {"comment": comment}).json == {"status": "ignored"}
    assert (door.inbox.arrivals[0].ignored, door.looked) == (automation.LOOKED_UP, ["main"])


@pytest.mark.parametrize("event", ["issue_deleted", "comment_deleted"])
def test_what_was_deleted_needs_nobody_who_did_it(door: Door, event: str) -> None:
    assert send(door, COMMENT | {"event": event}).json == {"status": "accepted"}
    assert door.inbox.arrivals[0].type == event.replace("_", ".")


@pytest.mark.parametrize(
    ("body", "query", "path", "fix"),
    [
        ({}, "", "$.issue", "Issue data"),
        ({"issue": "FBO-12"}, "", "$.issue", "Issue data"),
        ({"issue": {"key": "FBO-12"}}, "", "$.issue.id", "{{issue.id}}"),
        ({"issue": {"id": "{{issue.id}}"}}, "", "$.issue.id", "{{issue.id}}"),
        ({"key": "FBO-12", "fields": {}}, "", "$.id", "{{issue.id}}"),
        ({"event": "sprint_started", "issue": {"id": 1}}, "", "$.event", "issue_created"),
        ({"event": "comment_updated", "issue": {"id": 1}}, "", "$.event", "comment_created"),
        ({"issue": {"id": 1}}, "?event=nothing", "?event", "issue_created"),
        ({"event": "comment_created", "issue": {"id": 1}}, "", "$.comment.id", "{{comment.id}}"),
        ({"event": "comment_created", "issue": {"id": 1}, "comment": {"id": ""}}, "", "$.comment.id", "{{comment.id}}"),
    ],
)
def test_what_is_missing_is_told_with_its_place(
    door: Door, body: dict[str, Any], query: str, path: str, fix: str
) -> None:
    answer = send(door, body, query)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["path"] == path
    assert fix in answer.json["error"]["fix"]
    assert (door.inbox.arrivals, door.looked) == ([], [])
    assert door.count("automation", "malformed") == 1


def test_a_smart_value_that_stayed_empty_is_told_by_line_and_column(door: Door) -> None:
    answer = send(door, b'{"event": "comment_created",\n "issue": {"id": , "key": ""}}')
    assert answer.status_code == 400
    assert "line 2, column 18" in answer.text


@pytest.mark.parametrize("token", ["", "x", "old-automation-tokenX", "Б"])
def test_another_token_opens_nothing(door: Door, token: str) -> None:
    answer = send(door, jira_format(), token=token.encode().decode("latin-1"))
    assert answer.status_code == 401
    assert answer.json is not None
    assert "JIRA_AUTOMATION_TOKENS" in answer.json["error"]["fix"]
    assert door.count("automation", "bad_signature") == 1
    assert (door.inbox.arrivals, door.looked) == ([], [])


def test_no_header_and_another_scheme_open_nothing(door: Door) -> None:
    token = AUTOMATION_TOKENS[0].get_secret_value()
    for headers in ({}, {"Authorization": f"Basic {token}"}, {"Authorization": token}, {"X-Token": token}):
        assert door.post("/webhooks/jira-automation", b"{}", headers).status_code == 401
    assert door.post(f"/webhooks/jira-automation?token={token}", b"{}", {}).status_code == 401


def test_both_tokens_are_good_while_one_replaces_the_other(door: Door) -> None:
    for token in AUTOMATION_TOKENS:
        assert send(door, jira_format(), token=token.get_secret_value()).status_code == 202


def test_a_call_of_a_rule_and_the_webhook_of_the_same_change_are_one(door: Door) -> None:
    webhook = {
        "webhookEvent": "comment_created",
        "issue": {"id": "10012", "key": "FBO-12", "self": "https://jira.example.test/rest/api/2/issue/10012"},
        "comment": {"id": "20031", "author": {"accountId": OLGA}, "body": "Пропуск выписан", "jsdPublic": False},
    }
    assert send(door, COMMENT).json == {"status": "accepted"}
    assert door.jira(webhook, {"X-Atlassian-Webhook-Identifier": "7"}).json == {"status": "duplicate"}
    made = {"webhookEvent": "jira:issue_created", "issue": {"id": "10012", "key": "FBO-12"}}
    assert door.jira(made, {"X-Atlassian-Webhook-Identifier": "8"}).json == {"status": "accepted"}
    assert send(door, jira_format(), "?event=issue_created").json == {"status": "duplicate"}


def test_another_project_is_ignored_and_nothing_is_looked_up(door: Door) -> None:
    body = jira_format()
    body["issue"] |= {"key": "SIDE-1", "fields": {"project": {"key": "SIDE"}}}
    assert send(door, body).json == {"status": "ignored"}
    assert door.inbox.arrivals[0].ignored == "project SIDE of site main is not in jira.yml"
    assert door.looked == []


def test_the_site_is_the_addresss_or_the_links(door: Door) -> None:
    body = {"issue": {"id": 1, "key": "KSP-1"}}
    send(door, body, "?site=second")
    send(door, {"issue": {"id": 1, "key": "KSP-1", "self": "https://second.example.test/rest/api/2/issue/1"}})
    assert door.looked == ["second", "second"]


def test_a_body_of_20_megabytes_is_taken_and_one_over_the_limit_is_not(door: Door) -> None:
    body = jira_format()
    body["issue"]["fields"]["description"] = "я" * 10_000_000
    assert send(door, body, "?event=issue_created").json == {"status": "accepted"}
    body["issue"]["fields"]["description"] = "я" * 13_500_000
    assert send(door, body).status_code == 413
    assert len(door.inbox.arrivals) == 1


def test_a_look_that_cannot_be_asked_for_is_asked_for_again(door: Door) -> None:
    door.looking_fails = OperationalError("UPDATE", {}, Exception("no database"))
    answer = send(door, jira_format())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert door.inbox.arrivals == []


@pytest.mark.parametrize("tokens", [(), (SecretStr(" "),)])
def test_no_token_no_door(tokens: tuple[SecretStr, ...], door: Door) -> None:
    reloader = cast(ConfigReloader, SimpleNamespace())
    with pytest.raises(NoSecretError, match="JIRA_AUTOMATION_TOKENS"):
        automation.blueprint(tokens, door.inbox, reloader, Counters(CollectorRegistry()), door.looked.append)
