"""The published document describes what the receiver really takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from receivers.openapi import document

if TYPE_CHECKING:
    from tests.receivers.conftest import Door

EVENTS = Path(__file__).parents[1] / "events"


def _validator(model: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{model}", **document()})


@pytest.fixture(scope="module")
def webcrm() -> dict[str, Any]:
    """The operation that takes the CRM's events."""
    operation: dict[str, Any] = document()["paths"]["/webhooks/webcrm"]["post"]
    return operation


def test_it_is_json_and_every_schema_is_sound() -> None:
    assert json.loads(json.dumps(document())) == document()
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_its_example_fits_and_is_accepted(door: Door, webcrm: dict[str, Any]) -> None:
    example = webcrm["requestBody"]["content"]["application/json"]["example"]
    _validator("TicketEvent").validate(example)
    answer = door.crm(example)
    assert answer.json == {"status": "accepted"}
    _validator("Taken").validate(answer.json)


def test_every_event_of_the_crm_fits() -> None:
    checked = 0
    for path in EVENTS.glob("*.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        if "ticket" in body and not path.stem.startswith("usedesk_") and not path.stem.endswith("__unknown"):
            _validator("TicketEvent").validate(body)
            checked += 1
    assert checked


def test_only_four_fields_are_required() -> None:
    schemas = document()["components"]["schemas"]
    required = {name: schema["required"] for name, schema in schemas.items() if "required" in schema}
    assert required["TicketEvent"] == ["id", "type", "occurred_at", "ticket"]
    assert required["Ticket"] == ["id"]
    assert not set(required) & {"Seller", "Agent", "Closing", "Message", "Author"}


def test_what_the_receiver_sets_itself_is_not_asked_for() -> None:
    assert not {"kind", "source"} & set(document()["components"]["schemas"]["TicketEvent"]["properties"])


@pytest.mark.parametrize("send", [lambda door: door.crm({}), lambda door: door.post("/webhooks/webcrm", b"{}", {})])
def test_refusals_are_as_described(door: Door, webcrm: dict[str, Any], send: Callable[[Door], Any]) -> None:
    answer = send(door)
    assert str(answer.status_code) in webcrm["responses"]
    _validator("Refusal").validate(answer.json)
