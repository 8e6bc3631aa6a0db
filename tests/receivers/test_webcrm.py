"""`POST /webhooks/webcrm` from the outside."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from events import TicketEvent
from receivers import webcrm
from receivers.counters import Counters
from receivers.signatures import NoSecretError
from tests.receivers.usedesk_door import holed

if TYPE_CHECKING:
    from tests.receivers.conftest import Door

Read = Callable[[str], dict[str, Any]]
EVENTS = Path(__file__).parents[1] / "events"
CRM_EVENTS = sorted(path for kind in ("ticket", "request", "agent") for path in EVENTS.glob(f"{kind}_*.json"))
MINIMAL = {
    "id": "evt-1",
    "type": "ticket.closed",
    "occurred_at": "2026-11-20T16:04:11+03:00",
    "ticket": {"id": "23814352"},
}


def kept(door: Door) -> TicketEvent:
    (arrival,) = door.inbox.arrivals
    assert isinstance(arrival.event, TicketEvent)
    return arrival.event


def test_a_signed_event_is_kept(door: Door, event: Read) -> None:
    answer = door.crm(event("ticket_closed__escalation"), delivery="msg_2Kx.1-a")
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    (arrival,) = door.inbox.arrivals
    assert (arrival.source, arrival.delivery_id, arrival.case, arrival.type) == (
        "webcrm",
        "msg_2Kx.1-a",
        "webcrm:23814352",
        "ticket.closed",
    )
    assert arrival.body_sha256 is None
    ticket = kept(door).ticket
    assert (ticket.supply_no, ticket.warehouse, ticket.seller.top) == ("2000012345", "Хоругвино", True)
    assert door.count("webcrm", "accepted") == 1


@pytest.mark.parametrize("path", CRM_EVENTS, ids=lambda path: path.stem)
def test_every_event_of_the_crm_is_taken_without_a_warning(door: Door, path: Path) -> None:
    status = "ignored" if path.stem.endswith("__unknown") else "accepted"
    assert door.crm(path.read_bytes()).json == {"status": status}


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_or_future_call_is_refused(door: Door, age: timedelta) -> None:
    assert door.crm(MINIMAL, age=age).status_code == 401
    assert door.inbox.arrivals == []
    assert door.count("webcrm", "bad_signature") == 1


def test_a_redelivery_is_known_by_its_id(door: Door) -> None:
    assert door.crm(MINIMAL).json == {"status": "accepted"}
    assert door.crm(MINIMAL).json == {"status": "duplicate"}
    assert door.crm(MINIMAL, delivery="msg_2").json == {"status": "accepted"}


@pytest.mark.parametrize("delivery", ["a" * 101, "a b", "../x", "a/b", "a?b"])
def test_a_delivery_id_that_is_none_is_malformed(door: Door, delivery: str) -> None:
    answer = door.crm(MINIMAL, delivery=delivery)
    assert (answer.status_code, answer.json) == (
        400,
        {
            "error": {
                "count": 1,
                "problem": "the header webhook-id is not an id",
                "fix": "send 1 to 100 of the characters A-Z a-z 0-9 _ . -",
            }
        },
    )


ID_FIX = "send the ticket's id: 1 to 64 of the characters A-Z a-z 0-9 _ -"
AT_FIX = "send when it happened, with an offset, for example 2026-11-20T16:04:11+03:00"
TICKET_FIX = 'send the ticket as an object, at least {"id": "23814352"}'
EVENT_ID_FIX = "send the event's own id: a string of 1 to 200 characters"


@pytest.mark.parametrize(
    ("change", "path", "problem", "fix"),
    [
        ({"id": None}, "$.id", "is missing", EVENT_ID_FIX),
        ({"id": ""}, "$.id", "string should have at least 1 character", EVENT_ID_FIX),
        ({"type": None}, "$.type", "is missing", "send the event's type, for example ticket.closing"),
        ({"occurred_at": None}, "$.occurred_at", "is missing", AT_FIX),
        (
            {"occurred_at": "2026-11-20T16:04:11"},
            "$.occurred_at",
            "input should have timezone info",
            AT_FIX,
        ),
        (
            {"occurred_at": "9999-12-31T23:59:59-12:00"},
            "$.occurred_at",
            "value error, year 9999 is not between 1970 and 2100",
            AT_FIX,
        ),
        ({"ticket": None}, "$.ticket", "is missing", TICKET_FIX),
        ({"ticket": {}}, "$.ticket.id", "is missing", ID_FIX),
        *(
            (
                {"ticket": {"id": bad}},
                "$.ticket.id",
                "string should match pattern '^[A-Za-z0-9_-]{1,64}$'",
                ID_FIX,
            )
            for bad in ("A-1/../../myself", "", "a" * 65, "١", "a\n", "тикет")
        ),
        ({"ticket": {"id": 1.5}}, "$.ticket.id", "input should be a valid string", ID_FIX),
    ],
)
def test_a_fault_in_what_is_required_is_told_by_its_path(
    door: Door, change: dict[str, Any], path: str, problem: str, fix: str
) -> None:
    answer = door.crm(MINIMAL | change)
    assert (answer.status_code, answer.json) == (
        400,
        {"error": {"count": 1, "path": path, "problem": problem, "fix": fix}},
    )
    assert door.inbox.arrivals == []
    assert door.count("webcrm", "malformed") == 1


def test_the_faults_are_counted_and_the_first_is_told(door: Door) -> None:
    answer = door.crm({"ticket": {}, "closing": 5})
    assert answer.json is not None
    assert (answer.json["error"]["path"], answer.json["error"]["count"]) == ("$.id", 4)


def test_numbers_are_ids_too(door: Door) -> None:
    door.crm(MINIMAL | {"id": 1, "ticket": {"id": 23814352}})
    assert (kept(door).id, kept(door).ticket.id) == ("1", "23814352")


def test_an_optional_field_of_the_wrong_type_counts_as_missing_and_is_named(door: Door, event: Read) -> None:
    body = event("ticket_closed__escalation")
    body["ticket"] |= {"audience": "bank", "created_at": "yesterday", "warehouse": ["Хоругвино"]}
    body["ticket"]["jira_key"] = "A-1/../../myself"
    body["ticket"]["messages"][1] = "no message"
    body["ticket"]["messages"][2]["at"] = 1.5
    body["ticket"]["messages"][2]["text"] = None
    body["ticket"]["seller"]["schemes"] = ["FBO", {}]
    body["agent"] = "a17"
    body["closing"]["hold"] = "client"
    answer = door.crm(body)
    assert answer.status_code == 202
    assert answer.json is not None
    assert answer.json["status"] == "accepted"
    assert sorted(warning.split(":")[0] for warning in answer.json["warnings"]) == [
        "$.agent",
        "$.closing.hold",
        "$.ticket.audience",
        "$.ticket.created_at",
        "$.ticket.jira_key",
        "$.ticket.messages[1]",
        "$.ticket.messages[2].at",
        "$.ticket.seller.schemes[1]",
        "$.ticket.warehouse",
    ]
    ticket = kept(door).ticket
    assert (ticket.jira_key, ticket.warehouse, ticket.supply_no) == (None, None, "2000012345")
    assert [message.id for message in ticket.messages] == ["m1", "m3"]
    assert ticket.seller.schemes == ("FBO",)
    assert b"A-1/../../myself" in door.inbox.arrivals[0].body


def test_fields_that_nobody_knows_are_kept_and_ignored(door: Door) -> None:
    door.crm(MINIMAL | {"mood": {"of": "client"}, "kind": "issue", "source": "jira"})
    assert (kept(door).source, kept(door).kind) == ("webcrm", "ticket")
    assert json.loads(door.inbox.arrivals[0].body)["mood"] == {"of": "client"}


@pytest.mark.parametrize(
    ("body", "type_", "case"),
    [
        (MINIMAL | {"type": "ticket.merged"}, "ticket.merged", "webcrm:23814352"),
        ({"type": "ticket.merged", "ticket": {"id": 5}}, "ticket.merged", "webcrm:5"),
        ({"type": "ticket.merged", "ticket": {"id": "../x"}}, "ticket.merged", "webcrm:none"),
        ({"type": "x" * 5000}, "unknown", "webcrm:none"),
        ({"type": "user@example.test"}, "unknown", "webcrm:none"),
    ],
)
def test_an_unknown_type_is_recorded_as_ignored(door: Door, body: dict[str, Any], type_: str, case: str) -> None:
    answer = door.crm(body)
    assert (answer.status_code, answer.json) == (202, {"status": "ignored"})
    (arrival,) = door.inbox.arrivals
    assert (arrival.event, arrival.type, arrival.case) == (None, type_, case)
    assert arrival.ignored == f"unknown type {type_}"


@pytest.mark.rule("W-19")
@pytest.mark.parametrize("visibility", ["internal", None, "", "PUBLIC", "all", True, 1, ["public"]])
def test_a_message_is_internal_unless_it_is_called_public(door: Door, event: Read, visibility: Any) -> None:
    body = event("ticket_message__from_partner")
    body["ticket"]["messages"][1]["visibility"] = visibility
    del body["ticket"]["messages"][2]["visibility"]
    door.crm(body)
    assert [message.public for message in kept(door).ticket.messages] == [True, False, False]


def test_the_sellers_email_is_nowhere_and_texts_are_whole(door: Door, event: Read) -> None:
    body = event("ticket_message__from_partner")
    body["ticket"]["messages"][0]["text"] = "Звоните: +7 (900) 000-00-00"
    door.crm(body)
    (arrival,) = door.inbox.arrivals
    assert b"seller@example.test" not in arrival.body
    assert b"000-00-00" not in arrival.body
    assert "seller@example.test" not in kept(door).model_dump_json()
    assert kept(door).ticket.messages[0].text == "Звоните: +7 (900) 000-00-00"


def test_a_list_with_holes_that_php_made_an_object_is_a_list(door: Door, event: Read) -> None:
    given = event("ticket_message__from_partner")
    given["ticket"] |= {"tags": ["a", "b"], "custom_fields": [{"id": 1, "value": "x"}, {"id": 2, "value": "y"}]}
    given |= {"changes": [{"field": "status", "to": "В работе"}, {"field": "group"}]}
    assert door.crm(given).json == {"status": "accepted"}
    answer = door.crm(holed(given), delivery="msg_2")
    assert answer.json == {"status": "accepted"}
    first, second = door.inbox.arrivals
    assert second.event == first.event


def test_a_million_bad_messages_cost_neither_memory_nor_a_crash(door: Door) -> None:
    answer = door.crm(MINIMAL | {"ticket": {"id": "1", "messages": [1] * 1_000_000, "seller": {"schemes": 5}}})
    assert answer.json is not None
    assert answer.json["warnings"][0] == "$.ticket.messages: only the last 5000 entries are read"
    assert answer.json["warnings"][-1] == "and 4982 more"
    assert kept(door).ticket.messages == ()


@pytest.mark.parametrize("name", ["tags", "custom_fields"])
def test_no_other_list_of_a_ticket_does_either(door: Door, name: str) -> None:
    answer = door.crm(MINIMAL | {"ticket": {"id": "1", name: [[], ""] * 500_000}})
    assert answer.json is not None
    assert answer.json["warnings"][0] == f"$.ticket.{name}: only the last 5000 entries are read"


def test_nor_does_the_list_of_changes(door: Door) -> None:
    answer = door.crm(MINIMAL | {"changes": [[], ""] * 500_000})
    assert answer.json is not None
    assert answer.json["warnings"][0] == "$.changes: only the last 5000 entries are read"


@pytest.mark.parametrize("secrets", [(), (SecretStr("no base64"),)])
def test_without_a_secret_the_receiver_does_not_start(door: Door, secrets: tuple[SecretStr, ...]) -> None:
    with pytest.raises(NoSecretError, match="WEBCRM_WEBHOOK_SECRETS"):
        webcrm.blueprint(secrets, door.inbox, Counters(CollectorRegistry()))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("x" * 50_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_ever_an_accident(make_door: Callable[[], Door], event: Read, data: st.DataObject) -> None:
    body = event("ticket_closed__escalation")
    for _ in range(data.draw(st.integers(1, 5))):
        holder = data.draw(
            st.sampled_from([part for part in (body, *_objects(body)) if part]), label="which object is changed"
        )
        holder[data.draw(st.sampled_from(sorted(holder)))] = copy.deepcopy(data.draw(VALUES))
    assert make_door().crm(json.dumps(body).encode()).status_code in {202, 400}


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for item in value for found in _objects(item)]
    if not isinstance(value, dict):
        return []
    return [value, *(found for member in value.values() for found in _objects(member))]


@pytest.mark.rule("J-06")
@pytest.mark.parametrize(
    ("given", "files"),
    [
        ([{"name": "a.jpg", "url": "https://crm.example/a.jpg", "size": 5}], [("a.jpg", "https://crm.example/a.jpg")]),
        ([{"name": ["?"], "url": 7}, "a.jpg", {"url": "h" * 2001}], [(None, None)] * 3),
        (3, [(None, None)] * 3),  # as a former release kept it
        ([], []),
        (10**9, [(None, None)] * 50),
        ([{}] * 60, [(None, None)] * 50),
    ],
)
def test_files_are_read_leniently(door: Door, given: object, files: list[tuple[str | None, str | None]]) -> None:
    message = {"id": "m1", "visibility": "public", "text": "Вот", "attachments": given}
    assert door.crm({**MINIMAL, "ticket": {"id": "1", "messages": [message]}}).status_code == 202
    (said,) = kept(door).ticket.messages
    assert [(file.name, file.url) for file in said.attachments or ()] == files
