"""`POST /webhooks/usedesk/<path token>` from the outside."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from events import TicketEvent
from receivers import usedesk
from receivers.counters import Counters
from receivers.signatures import NoSecretError
from tests.receivers.usedesk_door import BODIES, ENTRANCE, FORM, NOW, Gate, body, encoded, holed, strings

if TYPE_CHECKING:
    from tests.receivers.conftest import Door


@pytest.fixture
def gate(door: Door) -> Iterator[Gate]:
    """A fresh receiver."""
    yield Gate(door.inbox)


@pytest.mark.parametrize(
    ("name", "type_", "delivery", "ignored"),
    [
        ("ticket__created", "ticket.created", "ticket:900001:created", False),
        ("comment__from_client", "ticket.message", "comment:71", False),
        ("comment__from_agent", "ticket.message", "comment:72", False),
        ("change__on_hold", "ticket.status_changed", "trigger:77", False),
        ("csi__rating", "csi", "csi:3", True),
        ("chat__from_client", "chat", None, True),
    ],
)
def test_the_five_kinds_are_told_apart_by_their_keys(
    gate: Gate, name: str, type_: str, delivery: str | None, ignored: bool
) -> None:
    arrival = gate.take(body(name))
    assert (arrival.source, arrival.type, arrival.case) == ("usedesk", type_, "usedesk:900001")
    assert arrival.delivery_id == delivery or (delivery is None and arrival.delivery_id.startswith("chat:"))
    assert (arrival.event is None, bool(arrival.ignored)) == (ignored, ignored)
    assert gate.count("ignored" if ignored else "accepted") == 1
    assert gate.post(body(name)).json == {"status": "duplicate"}
    assert gate.count("duplicate") == 1
    if isinstance(arrival.event, TicketEvent):
        assert (arrival.event.source, arrival.event.id) == ("usedesk", delivery)


@pytest.mark.parametrize("name", BODIES)
def test_strings_and_forms_say_the_same_as_numbers_and_json(gate: Gate, name: str) -> None:
    first = gate.take(body(name))
    for content, headers in ((json.dumps(strings(body(name))), {}), (urlencode(list(encoded(body(name)))), FORM)):
        other = Gate(type(gate.inbox)())
        assert other.post(content, headers=headers).status_code == 202
        (arrival,) = other.inbox.arrivals
        assert (arrival.delivery_id, arrival.event, arrival.case) == (first.delivery_id, first.event, first.case)


@pytest.mark.parametrize("name", BODIES)
def test_a_list_with_holes_that_php_made_an_object_is_a_list(gate: Gate, name: str) -> None:
    first = gate.take(body(name))
    form = urlencode(list(encoded(holed(body(name)))))
    for content, headers in ((json.dumps(holed(body(name))), {}), (form, FORM)):
        other = Gate(type(gate.inbox)())
        assert other.post(content, headers=headers).status_code == 202
        (arrival,) = other.inbox.arrivals
        assert arrival.event == first.event
        assert b"invented-" not in arrival.body  # the secret of a block is in a list too


@pytest.mark.parametrize("headers", [{}, FORM])
def test_a_byte_order_mark_before_a_body_is_no_part_of_it(gate: Gate, headers: dict[str, str]) -> None:
    given = body("csi__rating")
    assert gate.post("\ufeff".encode() + json.dumps(given).encode(), headers=headers).status_code == 202
    assert gate.post("\ufeff".encode() + urlencode(list(encoded(given))).encode(), headers=FORM).status_code == 202


def test_a_form_that_is_json_is_read_as_json(gate: Gate) -> None:
    assert gate.post(body("csi__rating"), headers=FORM).status_code == 202


def test_a_chats_message_is_known_by_what_was_said_in_a_minute(gate: Gate) -> None:
    first = gate.take(body("chat__from_client"))
    gate.now = NOW + timedelta(seconds=30)
    assert gate.post(body("chat__from_client")).json == {"status": "duplicate"}
    gate.now = NOW + timedelta(minutes=1)
    assert gate.take(body("chat__from_client")).delivery_id != first.delivery_id
    assert gate.post(body("chat__from_client") | {"text": "Ау?"}).json == {"status": "ignored"}


def test_what_has_no_id_of_its_own_is_known_by_its_content(gate: Gate) -> None:
    given = body("comment__from_client")
    del given["comment"]["id"]
    assert gate.event(given).message_id is None
    assert gate.post(given).json == {"status": "duplicate"}
    given["comment"]["message"] = "Другое"
    assert gate.post(given).json == {"status": "accepted"}


@pytest.mark.parametrize("given", [{}, {"ticket": None}, {"ticket": {}, "comment": []}, {"chat_id": None}])
def test_a_body_of_no_kind_is_recorded(gate: Gate, given: dict[str, Any]) -> None:
    arrival = gate.take(given | {"secret": "invented-token"})
    assert (arrival.event, arrival.type, arrival.case) == (None, "unknown", "usedesk:none")


@pytest.mark.parametrize("path", ["", "other", "invented-path-", "invented-pat", "инвентарь"])
def test_another_path_is_not_there(gate: Gate, path: str) -> None:
    answer = gate.post(body("csi__rating"), path=path)
    unknown = gate.app.test_client().post("/nothing")
    assert (answer.status_code, answer.data) == (404, unknown.data)
    assert gate.inbox.arrivals == []
    assert gate.count("wrong_path") == (1 if path else 0)


@pytest.mark.parametrize("secret", [None, "", "wrong", 5, ["invented-token"], "invented-token "])
def test_another_secret_is_refused_without_details(gate: Gate, secret: Any) -> None:
    answer = gate.post(body("csi__rating") | {"secret": secret})
    assert answer.status_code == 401
    assert b"invented" not in answer.data
    assert gate.inbox.arrivals == []
    assert gate.count("bad_signature") == 1


@pytest.mark.parametrize("secret", ["invented-application-id", "invented-token"])
def test_the_application_id_and_the_token_are_secrets(gate: Gate, secret: str) -> None:
    assert gate.post(body("csi__rating") | {"secret": secret}).status_code == 202


@pytest.mark.parametrize(
    ("content", "headers"),
    [(b"", {}), (b"{", {}), (b"[]", {}), (b"\xff", {}), (b"\xff=1", FORM), (b"a" + b"[b]" * 99 + b"=1", FORM),
     (b"&".join(b"a%d=1" % n for n in range(20_001)), FORM)],
)  # fmt: skip
def test_what_cannot_be_read_is_malformed(gate: Gate, content: bytes, headers: dict[str, str]) -> None:
    answer = gate.post(content, headers=headers)
    assert answer.status_code == 400
    assert answer.json["error"]["fix"]
    assert gate.count("malformed") == 1


@pytest.mark.parametrize(
    ("name", "part", "key"),
    [("ticket__created", "ticket", "id"), ("comment__from_client", "comment", "ticket_id"),
     ("change__on_hold", "trigger", "ticket_id")],
)  # fmt: skip
@pytest.mark.parametrize("bad", [None, "", 0, "../x", 1.5, [], "9" * 65])
def test_a_ticket_without_an_id_is_malformed(gate: Gate, name: str, part: str, key: str, bad: Any) -> None:
    given = body(name)
    given[part][key] = bad
    answer = gate.post(given)
    assert (answer.status_code, answer.json["error"]["path"]) == (400, f"$.{part}.{key}")


def test_no_secret_and_no_personal_data_is_stored(gate: Gate) -> None:
    given = body("ticket__created")
    given["ticket"]["message"] += "https://api.example.test/ticket?api_token=invented-token-2 +7 900 000-00-00"
    arrival = gate.take(given)
    stored = json.loads(arrival.body)
    assert "secret" not in stored
    assert stored["custom_blocks"] == [
        {"name": "Карточка", "url": "https://bot.example.test/usedesk/block"},
    ]
    for hidden in (b"invented-", b"client@example.test", b"000-00-00"):
        assert hidden not in arrival.body
    assert arrival.event is not None
    assert "client@example.test" not in arrival.event.model_dump_json()


def test_the_store_being_away_is_told(gate: Gate) -> None:
    gate.inbox.error = RuntimeError("gone")
    assert gate.post(body("csi__rating")).status_code == 503


def test_the_store_being_away_when_the_zone_is_asked_for_is_told(gate: Gate) -> None:
    gate.zone = sa.exc.OperationalError("SELECT", {}, OSError("gone"))
    assert gate.post(body("csi__rating")).status_code == 503
    assert gate.count("unavailable") == 1


@pytest.mark.parametrize(
    ("missing", "variable"),
    [
        ({"path_token": SecretStr("")}, "USEDESK_PATH_TOKEN"),
        ({"secrets": ()}, "USEDESK_SECRET"),
        ({"secrets": (SecretStr(" "),)}, "USEDESK_SECRET"),
        ({"agent_id": ""}, "USEDESK_AGENT_ID"),
    ],
)
def test_without_its_secrets_the_receiver_does_not_start(gate: Gate, missing: Any, variable: str) -> None:
    with pytest.raises(NoSecretError, match=variable):
        usedesk.blueprint(
            replace(ENTRANCE, **missing), gate.inbox, Counters(CollectorRegistry()), lambda: NOW, gate.zone_of
        )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("<" * 50_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data(), name=st.sampled_from(sorted(BODIES)), as_form=st.booleans())
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_ever_an_accident(
    make_door: Callable[[], Door], data: st.DataObject, name: str, as_form: bool
) -> None:
    given_ = body(name)
    for _ in range(data.draw(st.integers(1, 5))):
        holder = data.draw(st.sampled_from([one for one in _objects(given_) if one]), label="which object is changed")
        key = data.draw(st.sampled_from(sorted(holder)))
        holder[key] = copy.deepcopy(data.draw(VALUES))
    given_["secret"] = "invented-token"
    content = urlencode(list(encoded(given_)), errors="replace") if as_form else json.dumps(given_)
    gate = Gate(make_door().inbox)
    assert gate.post(content, headers=FORM if as_form else {}).status_code in {202, 400}


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for item in value for found in _objects(item)]
    if not isinstance(value, dict):
        return []
    return [value, *(found for member in value.values() for found in _objects(member))]
