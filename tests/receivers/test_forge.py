"""`POST /webhooks/forge` and `GET /forge/panel` from the outside: who is let in, and what an event means."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from flask import Flask
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from config import ConfigReloader
from config.settings import Settings
from events import CommentEvent, IssueEvent, IssueLinkEvent
from receivers import forge, jira
from receivers.automation import LOOKED_UP
from receivers.counters import Counters
from receivers.forge_keys import FAILED_AGAIN, LIFETIME, UNKNOWN_AGAIN, ForgeKeys, fetched
from receivers.forge_token import LEEWAY, ForgeVerifier
from tests.receivers.conftest import JIRA_CONFIG, JIRA_SECRETS, Door, MemoryInbox
from tests.receivers.forge_tokens import (
    APP,
    CLOUD,
    NOW,
    OTHER_APP,
    Jwks,
    claims,
    jwks,
    signed_by_hmac,
    token,
)
from tests.wire import Wire, answer

__all__ = ["jwks"]
OLGA = "712020:0b0b0b0b-0000-4000-8000-000000000007"
ISSUE = {
    "id": "10012",
    "key": "FBO-12",
    "fields": {
        "summary": "Водителя не пускают на склад",
        "created": "2026-11-20T15:20:11.662+0300",
        "project": {"self": "https://jira.example.test/rest/api/2/project/10000", "id": "10000", "key": "FBO"},
    },
}
MADE = {"eventType": "avi:jira:created:issue", "issue": ISSUE, "atlassianId": OLGA, "selfGenerated": False}
COMMENT = {
    "id": "20031",
    "author": {"accountId": OLGA, "accountType": "atlassian"},
    "body": {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Пропуск выписан"}]}],
    },
    "created": "2026-11-20T15:30:00.000+0300",
    "updated": "2026-11-20T15:30:00.000+0300",
    "jsdPublic": False,
}
SAID = {"eventType": "avi:jira:commented:issue", "issue": ISSUE, "atlassianId": OLGA, "comment": COMMENT}


@pytest.fixture
def door(jwks: Jwks) -> Door:
    """The doors of the Forge app and of Jira's webhooks."""
    app, inbox, registry = Flask(__name__), MemoryInbox(), CollectorRegistry()
    reloader = cast(ConfigReloader, SimpleNamespace(current=lambda: SimpleNamespace(jira=JIRA_CONFIG)))
    counters, made = Counters(registry), Door(app, inbox, registry)
    keys = ForgeKeys(jwks.fetch, lambda: jwks.time)
    verifier = ForgeVerifier(APP, {CLOUD: "main"}, keys, lambda: float(NOW))
    behind = forge.ForgeDoor(verifier, made.look, lambda site, issue: {"title": f"{site} {issue}"})
    app.register_blueprint(forge.blueprint(behind, inbox, reloader, counters))
    app.register_blueprint(jira.blueprint(JIRA_SECRETS, inbox, reloader, counters))
    return made


def send(door: Door, body: dict[str, Any], given: str | None = None) -> TestResponse:
    headers = {"Authorization": f"Bearer {token() if given is None else given}"}
    return door.post("/webhooks/forge", json.dumps(body).encode(), headers)


def panel(door: Door, given: str) -> TestResponse:
    with door.app.test_client() as client:
        return client.get("/forge/panel", headers={"Authorization": f"Bearer {given}"})


def unsigned() -> str:
    parts = ({"alg": "none", "kid": "first"}, claims())
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts) + "."


def tampered() -> str:
    header, content, signature = token().split(".")
    other = token(claims(jti="another")).split(".")[1]
    assert other != content
    return f"{header}.{other}.{signature}"


ELSEWHERE = {"cloudId": "00000000-0000-4000-8000-000000000002", "extension": {"issue": {"id": "10012"}}}
REFUSED = {
    "no_token": ("", "there is no token"),
    "no_jwt": ("sesame", "no JWT"),
    "no_jwt_of_three_parts": ("a.b.c", "no JWT"),
    "unsigned": (unsigned(), "not signed by RS256"),
    "hmac": (signed_by_hmac(), "not signed by RS256"),
    "no_kid": (token(kid=None), "not signed by RS256 with a named key"),
    "unknown_key": (token(kid="second"), "not one of Forge's"),
    "wrong_key": (token(kid="first", signed_by="second"), "signature is wrong"),
    "tampered": (tampered(), "signature is wrong"),
    "other_audience": (token(claims(aud=OTHER_APP)), "aud is missing or wrong"),
    "no_audience": (token(claims(aud=None)), "aud is missing or wrong"),
    "other_issuer": (token(claims(iss="forge/context-token")), "iss is missing or wrong"),
    "no_issuer": (token(claims(iss=None)), "iss is missing or wrong"),
    "expired": (token(claims(exp=NOW - LEEWAY - 1)), "expired"),
    "no_expiry": (token(claims(exp=None)), "exp is missing or wrong"),
    "not_yet_valid": (token(claims(nbf=NOW + LEEWAY + 1)), "not valid yet"),
    "other_app": (token(claims(app={"id": OTHER_APP})), "another app's"),
    "no_app": (token(claims(app=None)), "another app's"),
    "other_site": (token(claims(context=ELSEWHERE)), "a site that is not ours"),
    "no_site": (token(claims(context=None, app={"id": APP})), "a site that is not ours"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_whoever_is_not_forge_for_this_app_now_is_refused(door: Door, case: str) -> None:
    given, why = REFUSED[case]
    for said in (send(door, MADE, given), panel(door, given)):
        assert said.status_code == 401
        assert said.json is not None
        assert why in said.json["error"]["problem"]
        assert not given or given not in said.text
    assert (door.inbox.arrivals, door.looked) == ([], [])
    assert (door.count("forge", "bad_signature"), door.count("forge_panel", "bad_signature")) == (1, 1)


def test_another_scheme_and_jiras_signature_open_nothing(door: Door) -> None:
    for headers in ({}, {"Authorization": f"Basic {token()}"}, {"X-Hub-Signature": f"sha256={'0' * 64}"}):
        assert door.post("/webhooks/forge", b"{}", headers).status_code == 401


@pytest.mark.parametrize(
    "said", [claims(), claims(exp=NOW - LEEWAY + 1), claims(nbf=NOW + LEEWAY), claims(context=None)]
)
def test_forge_is_let_in_by_clocks_that_differ_a_little(door: Door, said: dict[str, Any]) -> None:
    assert send(door, MADE, token(said)).json == {"status": "accepted"}


def test_keys_are_asked_for_once_and_anew_after_their_time(door: Door, jwks: Jwks) -> None:
    for _ in range(3):
        assert send(door, MADE).status_code == 202
    assert jwks.asked == 1
    jwks.time += LIFETIME + 1
    assert send(door, MADE).status_code == 202
    assert jwks.asked == 2


def test_a_new_key_is_found_at_once_and_an_unknown_one_asked_for_no_more_than_once_a_minute(
    door: Door, jwks: Jwks
) -> None:
    assert send(door, MADE).status_code == 202
    jwks.names = ["second"]
    jwks.time += UNKNOWN_AGAIN + 1
    assert send(door, MADE, token(kid="second")).status_code == 202
    for _ in range(5):
        assert send(door, MADE, token(kid="first")).status_code == 401  # withdrawn
    assert jwks.asked == 2


def test_silent_keys_are_no_refusal_but_a_reason_to_come_again(door: Door, jwks: Jwks) -> None:
    jwks.fails = requests.ConnectionError("sesame")
    said = send(door, MADE)
    assert (said.status_code, said.headers["Retry-After"]) == (503, "30")
    assert "sesame" not in said.text
    assert panel(door, token()).status_code == 503
    assert jwks.asked == 1  # and Forge's address is not pressed
    jwks.fails = None
    jwks.time += FAILED_AGAIN
    assert send(door, MADE).status_code == 202
    assert (door.count("forge", "unavailable"), door.count("forge", "bad_signature")) == (1, 0)


@pytest.mark.parametrize("fails", [requests.ReadTimeout(), ValueError("no JSON"), KeyError("keys")])
def test_a_known_key_stays_good_while_forge_is_silent_and_an_unknown_one_is_not_judged(
    door: Door, jwks: Jwks, fails: Exception
) -> None:
    assert send(door, MADE).status_code == 202
    jwks.fails = fails
    jwks.time += LIFETIME + 1
    assert send(door, MADE).status_code == 202
    assert send(door, MADE, token(kid="second")).status_code == 503
    assert jwks.asked == 2


@pytest.mark.parametrize("document", [{"keys": []}, {"keys": [{"kty": "oct", "k": "c2VzYW1l", "kid": "first"}]}, {}])
def test_keys_that_are_none_are_silent_ones(document: dict[str, Any]) -> None:
    keys = ForgeKeys(lambda: document)
    with pytest.raises(Exception, match=r"Error"):
        keys.find("first")


def test_keys_are_fetched_over_http(jwks: Jwks) -> None:
    body = json.dumps(jwks.document).encode()
    with Wire(lambda _request: [answer(body, "Content-Type: application/json")]) as wire:
        settings = Settings.read({"FORGE_JWKS_URL": f"{wire.url}/.well-known/jwks.json"})
        assert ForgeKeys(lambda: fetched(settings)).find("first") is not None
        assert wire.heard[0].startswith(b"GET /.well-known/jwks.json ")


def test_an_issue_that_was_made(door: Door) -> None:
    assert send(door, MADE).json == {"status": "accepted"}
    (arrival,) = door.inbox.arrivals
    event = arrival.event
    assert isinstance(event, IssueEvent)
    assert (arrival.source, arrival.case, event.type, event.source) == ("forge", "main:10012", "issue.created", "jira")
    assert (event.issue.project, event.actor and event.actor.account_id) == ("FBO", OLGA)


def test_a_comment_in_jiras_document_format(door: Door) -> None:
    assert send(door, SAID).json == {"status": "accepted"}
    event = door.inbox.arrivals[0].event
    assert isinstance(event, CommentEvent)
    assert (event.type, event.comment_id, event.text, event.public) == (
        "comment.created",
        "20031",
        "Пропуск выписан",
        False,
    )


def test_an_edited_comment_is_no_new_one(door: Door) -> None:
    edited = COMMENT | {"updated": "2026-11-20T15:40:00.000+0300"}
    send(door, SAID | {"comment": edited})
    assert door.inbox.arrivals[0].type == "comment.updated"


def test_a_link_tells_its_ends_and_its_type(door: Door) -> None:
    link = {"id": "30001", "sourceIssueId": "10012", "destinationIssueId": "10013", "issueLinkType": {"name": "Blocks"}}
    assert send(door, {"eventType": "avi:jira:created:issuelink", **link}).json == {"status": "accepted"}
    event = door.inbox.arrivals[0].event
    assert isinstance(event, IssueLinkEvent)
    assert (event.issue.id, event.other.id, event.link_type) == ("10012", "10013", "Blocks")


ITEM = {"field": "status", "fieldId": "status", "from": "1", "fromString": "Открыт", "to": "3", "toString": "В работе"}


@pytest.mark.parametrize("changelog", [[ITEM], {"items": [ITEM]}, None])
def test_a_change_without_the_number_of_its_entry_is_looked_up(door: Door, changelog: object) -> None:
    update = MADE | {"eventType": "avi:jira:updated:issue", "changelog": changelog}
    assert send(door, update).json == {"status": "ignored"}
    assert (door.inbox.arrivals[0].ignored, door.looked) == (LOOKED_UP, ["main"])


def test_a_change_with_it_comes_in_at_once_and_is_one_with_its_webhook(door: Door) -> None:
    changelog = {"id": "40001", "items": [ITEM]}
    update = MADE | {"eventType": "avi:jira:updated:issue", "changelog": changelog}
    assert send(door, update).json == {"status": "accepted"}
    event = door.inbox.arrivals[0].event
    assert isinstance(event, IssueEvent)
    assert event.changed("status")
    webhook = {
        "webhookEvent": "jira:issue_updated",
        "issue": ISSUE,
        "user": {"accountId": OLGA},
        "changelog": changelog,
    }
    assert door.jira(webhook, {"X-Atlassian-Webhook-Identifier": "1"}).json == {"status": "duplicate"}


@pytest.mark.parametrize("body", [MADE, SAID])
def test_who_cannot_be_told_is_looked_up(door: Door, body: dict[str, Any]) -> None:
    nobody = {name: value for name, value in body.items() if name != "atlassianId"}
    if "comment" in nobody:
        nobody["comment"] = {name: value for name, value in COMMENT.items() if name != "author"}
    assert send(door, nobody).json == {"status": "ignored"}
    assert door.looked == ["main"]


def test_what_the_app_did_itself_is_its_own(door: Door) -> None:
    assert send(door, MADE | {"selfGenerated": True}).json == {"status": "ignored"}
    assert door.inbox.arrivals[0].ignored == "the bot's own event"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "no webhookEvent"),
        ({"eventType": "avi:jira:created:component", "component": {"id": "1"}}, "unknown event"),
        ({"eventType": "avi:jira:created:issue", "issue": {"key": "FBO-1"}}, "no issue with an id"),
        ({"eventType": "avi:jira:commented:issue", "issue": ISSUE, "comment": None}, "has no id"),
        (MADE | {"issue": {"id": "9", "key": "SIDE-9"}}, "is not in jira.yml"),
    ],
)
def test_what_the_bot_has_no_use_for_is_kept_and_passed_over(door: Door, body: dict[str, Any], why: str) -> None:
    assert send(door, body).json == {"status": "ignored"}
    assert why in (door.inbox.arrivals[0].ignored or "")
    assert door.looked == []


def test_the_panel_shows_the_issue_of_its_token_whatever_the_address_says(door: Door) -> None:
    with door.app.test_client() as client:
        said = client.get("/forge/panel?issue=999&site=second", headers={"Authorization": f"Bearer {token()}"})
    assert (said.status_code, said.json) == (200, {"title": "main 10012"})
    assert panel(door, token(claims(context={"cloudId": CLOUD}))).status_code == 400
