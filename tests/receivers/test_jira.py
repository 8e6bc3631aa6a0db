"""`POST /webhooks/jira` from the outside."""

from __future__ import annotations

import copy
import gzip
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from config import ConfigReloader
from receivers import jira
from receivers.counters import Counters
from receivers.signatures import NoSecretError

if TYPE_CHECKING:
    from tests.receivers.conftest import Door

Read = Callable[[str], dict[str, Any]]
GZIPPED = gzip.compress(b"{}", mtime=0)
PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"


def test_a_signed_event_is_kept(door: Door, event: Read) -> None:
    answer = door.jira(event("issue_updated__status"), {"X-Atlassian-Webhook-Identifier": "69312270414585119"})
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    (arrival,) = door.inbox.arrivals
    assert (arrival.source, arrival.delivery_id, arrival.case, arrival.type, arrival.ignored) == (
        "jira",
        "69312270414585119",
        "main:10012",
        "issue.updated",
        None,
    )
    assert door.count("jira", "accepted") == 1


def test_both_secrets_are_good_while_one_replaces_the_other(door: Door, event: Read) -> None:
    assert door.jira(event("issue_updated__status"), secret=SecretStr("old-jira-secret")).status_code == 202
    assert door.jira(event("issue_updated__labels"), secret=SecretStr("new-jira-secret")).status_code == 202
    assert door.jira(event("issue_updated__done"), secret=SecretStr("older-jira-secret")).status_code == 401


@pytest.mark.parametrize("header", ["X-Hub-Signature", "x-hub-signature", "X-HUB-SIGNATURE"])
def test_the_header_may_be_in_any_case(door: Door, header: str) -> None:
    raw = b'{"webhookEvent": "x"}'
    mac = hmac.new(b"new-jira-secret", raw, hashlib.sha256).hexdigest()
    assert door.post("/webhooks/jira", raw, {header: f"sha256={mac}"}).status_code == 202


@pytest.mark.parametrize("header", [None, "sha256=" + "0" * 64, "sha1=00", ""])
def test_a_bad_signature_is_refused_and_tells_nothing(door: Door, event: Read, header: str | None) -> None:
    raw = json.dumps(event("issue_updated__status")).encode()
    answer = door.post("/webhooks/jira", raw, {} if header is None else {"X-Hub-Signature": header})
    assert answer.status_code == 401
    assert answer.json == {
        "error": {
            "count": 1,
            "problem": "the signature is missing or wrong",
            "fix": "check that both sides have the same secret, and that nothing changes the body on its way",
        }
    }
    expected = hmac.new(b"new-jira-secret", raw, hashlib.sha256).hexdigest()
    assert expected not in answer.text + str(answer.headers)
    assert door.inbox.arrivals == []
    assert door.count("jira", "bad_signature") == 1


def test_githubs_header_name_and_a_secret_in_the_url_are_no_signature(door: Door) -> None:
    mac = hmac.new(b"new-jira-secret", b"{}", hashlib.sha256).hexdigest()
    assert door.post("/webhooks/jira", b"{}", {"X-Hub-Signature-256": f"sha256={mac}"}).status_code == 401
    assert door.post("/webhooks/jira?secret=new-jira-secret", b"{}", {}).status_code == 401


def test_a_slash_too_many_in_the_webhooks_url_does_no_harm(door: Door) -> None:
    assert door.jira({}, query="/").status_code == 202


def test_a_redelivery_is_answered_and_kept_once(door: Door, event: Read) -> None:
    body, headers = event("issue_updated__status"), {"X-Atlassian-Webhook-Identifier": "1"}
    answers = [
        door.jira(body, headers),
        door.jira(body, headers | {"X-Atlassian-Webhook-Retry": "1"}),
        door.jira(body, {"X-Atlassian-Webhook-Identifier": "2"}),  # a second webhook with the same URL
    ]
    assert [answer.json for answer in answers] == [{"status": "accepted"}, *[{"status": "duplicate"}] * 2]
    assert len(door.inbox.arrivals) == 1
    assert door.count("jira", "duplicate") == 2


@pytest.mark.parametrize("identifier", ["", "a" * 101, "a b", "ä"])
def test_without_an_identifier_the_bodys_hash_names_the_delivery(door: Door, identifier: str) -> None:
    raw = b'{"webhookEvent": "sprint_started"}'
    door.jira(raw, {"X-Atlassian-Webhook-Identifier": identifier} if identifier else {})
    (arrival,) = door.inbox.arrivals
    assert arrival.delivery_id == arrival.body_sha256 == hashlib.sha256(raw).hexdigest()


def test_identifiers_are_unique_within_a_site_only(door: Door, event: Read) -> None:
    headers = {"X-Atlassian-Webhook-Identifier": "1"}
    door.jira(event("issue_updated__status"), headers)
    door.jira(event("issue_updated__labels"), headers, query="?site=second")
    assert [arrival.delivery_id for arrival in door.inbox.arrivals] == ["1", "second:1"]


def test_what_nobody_handles_is_recorded_as_ignored(door: Door, event: Read) -> None:
    answer = door.jira(event("issue_created__other_project"))
    assert (answer.status_code, answer.json) == (202, {"status": "ignored"})
    (arrival,) = door.inbox.arrivals
    assert (arrival.event, arrival.ignored) == (None, "project SIDE of site main is not in jira.yml")
    assert door.count("jira", "ignored") == 1


def test_the_stored_body_is_redacted_and_the_event_keeps_what_is_handed_over(door: Door, event: Read) -> None:
    body = event("comment_created__from_seller")
    body["comment"]["author"]["emailAddress"] = "seller@example.test"
    door.jira(body)
    (arrival,) = door.inbox.arrivals
    stored = arrival.body.decode()
    assert "[скрыто]" in stored
    assert "seller@example.test" not in stored
    assert "000-00-00" not in stored
    assert arrival.event is not None
    assert "+7 (900) 000-00-00" in arrival.event.model_dump_json()


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", {"problem": "the body is empty", "fix": "send one JSON object"}),
        (
            b'{"a": 1,\n "b" 2}',
            {"problem": "not JSON at line 2, column 6: Expecting ':' delimiter", "fix": "send one JSON object"},
        ),
        (b"[]", {"path": "$", "problem": "not a JSON object", "fix": "send one JSON object"}),
        (b'{"a": "\xff"}', {"problem": "not UTF-8 at byte 7", "fix": "send it in UTF-8"}),
        (
            b'{"a": {"b": [1, NaN]}}',
            {"path": "$.a.b[1]", "problem": "not a finite number", "fix": "send null instead"},
        ),
        (b'{"a": 1e999}', {"path": "$.a", "problem": "not a finite number", "fix": "send null instead"}),
        (
            b'{"a": ' + b"[" * 100_000,
            {"path": "$", "problem": "nested deeper than 64 levels", "fix": "send it flatter"},
        ),
        (
            b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}",
            {"path": "$", "problem": "nested deeper than 64 levels", "fix": "send it flatter"},
        ),
        (
            b'{"a": ' + b"1" * 5000 + b"}",
            {"problem": "a number has too many digits", "fix": "send long ids as strings"},
        ),
    ],
    ids=["empty", "syntax", "list", "utf-8", "nan", "infinity", "nested-open", "nested", "digits"],
)
def test_a_malformed_body_is_told_what_is_wrong(door: Door, raw: bytes, error: dict[str, str]) -> None:
    answer = door.jira(raw)
    assert (answer.status_code, answer.json) == (400, {"error": {"count": 1, **error}})
    assert door.inbox.arrivals == []
    assert door.count("jira", "malformed") == 1


def test_nul_and_lone_surrogates_are_replaced_because_no_database_takes_them(door: Door, event: Read) -> None:
    raw = json.dumps(event("comment_created__internal")).encode().replace(b'"\\u041f', b'"\\u0000\\ud800\\u041f', 1)
    assert door.jira(raw).status_code == 202
    (arrival,) = door.inbox.arrivals
    assert "\ufffd\ufffdП" in arrival.body.decode()


def test_a_store_that_is_down_makes_jira_repeat(door: Door, event: Read) -> None:
    door.inbox.error = RuntimeError("INSERT … seller@example.test")
    with structlog.testing.capture_logs() as lines:
        answer = door.jira(event("comment_created__from_seller"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert door.count("jira", "unavailable") == 1
    assert [line["reason"] for line in lines] == ["RuntimeError"]
    assert "example.test" not in answer.text


def test_a_delivery_is_one_line_of_log_without_its_body(door: Door, event: Read) -> None:
    with structlog.testing.capture_logs() as lines:
        door.jira(event("comment_created__from_seller"), {"X-Atlassian-Webhook-Identifier": "7"})
        door.jira(b"{}", {"X-Hub-Signature": "sha256=00", "X-Atlassian-Webhook-Identifier": "user@example.test"})
    assert all(line.pop("ms") >= 0 for line in lines)
    taken = {"delivery": "7", "type": "comment.created", "outcome": "accepted", "reason": None}
    refused = {
        "delivery": None,
        "type": None,
        "outcome": "bad_signature",
        "reason": "the signature is missing or wrong",
    }
    common = {"event": "webhook.received", "log_level": "info", "source": "jira"}
    assert lines == [common | taken, common | refused]


@pytest.mark.parametrize("secrets", [(), (SecretStr(""),)])
def test_without_a_secret_the_receiver_does_not_start(door: Door, secrets: tuple[SecretStr, ...]) -> None:
    with pytest.raises(NoSecretError, match="JIRA_WEBHOOK_SECRETS"):
        jira.blueprint(secrets, door.inbox, cast(ConfigReloader, SimpleNamespace()), Counters(CollectorRegistry()))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate", "signed before"])
def test_compressed_bodies_are_read(door: Door, event: Read, encoding: str) -> None:
    raw = json.dumps(event("issue_updated__status")).encode()
    engine = zlib.compressobj(wbits={"deflate": 15, "raw deflate": -15}.get(encoding, 31))
    packed = engine.compress(raw) + engine.flush()
    header = {"Content-Encoding": "deflate" if "deflate" in encoding else "gzip"}
    if encoding == "signed before":
        header["x-hub-signature"] = "sha256=" + hmac.new(b"new-jira-secret", raw, hashlib.sha256).hexdigest()
    assert door.jira(packed, header).json == {"status": "accepted"}


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [(b"no gzip", "gzip"), (GZIPPED[:-4], "gzip"), (GZIPPED * 2, "gzip"), (b"{}", "br")],
    ids=["other bytes", "cut short", "two members", "unknown method"],
)
def test_a_broken_compression_is_malformed_when_signed_and_else_unsigned(
    door: Door, packed: bytes, encoding: str
) -> None:
    answer = door.jira(packed, {"Content-Encoding": encoding})
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["problem"] == "the compressed body is broken"
    assert door.post("/webhooks/jira", packed, {"Content-Encoding": encoding}).status_code == 401


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"{PAYLOADS} is absent: captured bodies are not part of the project")
def test_every_captured_body_is_taken(make_door: Callable[[], Door]) -> None:
    paths = sorted(PAYLOADS.glob("*.json"))
    assert paths
    door = make_door()
    for path in paths:
        assert door.jira(path.read_bytes()).status_code == 202, path.name


MUTANTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**301),
    st.text(max_size=10),
    st.just("x" * 100_000),
    st.just([0] * 10_000),
    st.just({}),
    st.just([[[[[[[[{}]]]]]]]]),
    st.sampled_from(["A-1/../../myself", "\x00", "\ud800", "1e999"]),
)
NAMES = [
    "issue_created__escalation",
    "issue_updated__moved",
    "comment_created__from_seller",
    "issuelink_created__ids_only",
]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something may be changed: every key and index; the entries of a long list count as one."""
    members = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    return [*([path] if path else []), *(inner for name, member in members for inner in _paths(member, (*path, name)))]


@given(data=st.data(), name=st.sampled_from(NAMES))
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mutation_is_ever_an_accident(
    make_door: Callable[[], Door], event: Read, data: st.DataObject, name: str
) -> None:
    body = event(name)
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(_paths(body)))
        holder = body
        for step in path[:-1]:
            holder = holder[step]
        if data.draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(data.draw(MUTANTS))
        if not body:
            break
    door = make_door()
    assert door.jira(json.dumps(body).encode()).status_code in {202, 400}
    assert all("A-1/.." not in arrival.case for arrival in door.inbox.arrivals)
