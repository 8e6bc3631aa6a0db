"""The shipped templates, a full ticket, golden files, and Atlassian's schema of ADF."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, ValidationError
from jsonschema.validators import extend

from desk.adf_text import plain_text
from desk.templates import RenderedIssue, Templates
from events import Ticket

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared" / "openapi" / "adf.json"
GOLDEN = Path(__file__).parent / "golden"
Check = Callable[[dict[str, Any]], None]
Compare = Callable[[str, RenderedIssue | str], None]


@pytest.fixture(scope="session")
def shipped() -> Templates:
    return Templates(ROOT)


@pytest.fixture(scope="session")
def valid_adf() -> Check:
    """Fails for a document that the schema refuses; skips where the schema is absent."""
    if not SCHEMA.exists():
        pytest.skip("the ADF schema (../shared/openapi/adf.json) is absent")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    definitions = schema["definitions"]
    any_of = Draft4Validator.VALIDATORS["anyOf"]

    def types(node: dict[str, Any]) -> set[str] | None:
        if "$ref" in node:
            return types(definitions[node["$ref"].rsplit("/", 1)[1]])
        if "allOf" in node:
            return types(node["allOf"][0])
        return set(node.get("properties", {}).get("type", {}).get("enum", ())) or None

    def one_of_its_type(
        validator: Draft4Validator, options: list[Any], instance: Any, parent: Any
    ) -> Iterator[ValidationError]:
        """The same as anyOf, a hundred times as quick: options for nodes of another type cannot match."""
        kind = instance.get("type") if isinstance(instance, dict) else None
        fitting = [option for option in options if kind is None or kind in (types(option) or {kind})]
        yield from any_of(validator, fitting or options, instance, parent)

    return extend(Draft4Validator, {"anyOf": one_of_its_type})(schema).validate


@pytest.fixture(scope="session")
def ticket() -> Ticket:
    """A ticket that has everything: public messages and an internal one."""
    messages = [
        ("2026-11-20T15:58:02+03:00", "partner", "public", "Здравствуйте!\nВопрос не решается уже два дня."),
        ("2026-11-20T16:01:40+03:00", "agent", "public", "Здравствуйте! Уточняю у коллег."),
        ("2026-11-20T16:02:10+03:00", "agent", "internal", "Прошу третью линию посмотреть."),
    ]
    return Ticket.model_validate(
        {
            "id": "23814352",
            "url": "https://crm.example.test/tickets/23814352",
            "audience": "partner",
            "channel": "chat",
            "channel_kind": "Обычный",
            "subject": "Нужна помощь",
            "created_at": "2026-11-20T15:58:00+03:00",
            "seller": {
                "id": "184467",
                "name": "Пример-магазин",
                "legal_entity": "ООО «Пример»",
                "schemes": ["FBO", "FBS"],
                "size": "D",
                "top": True,
            },
            "order_no": "11112222-0001",
            "shipment_no": "11112222-0001-1",
            "supply_no": "2000012345",
            "warehouse": "Хоругвино",
            "city": "Химки",
            "messages": [
                {"at": at, "author": {"role": role}, "visibility": visibility, "text": text}
                for at, role, visibility, text in messages
            ],
        }
    )


@pytest.fixture(scope="session")
def compare() -> Compare:
    """Fails unless the issue or text is that of the golden file; with GOLDEN=write it becomes that."""

    def same(name: str, rendered: RenderedIssue | str) -> None:
        file = GOLDEN / f"{name}.txt"
        text = rendered if isinstance(rendered, str) else readable(rendered)
        if os.environ.get("GOLDEN") == "write":
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return same


def readable(issue: RenderedIssue) -> str:
    """An issue as a person reads it."""
    head = {"summary": issue.summary, "labels": ", ".join(issue.labels), "priority": issue.priority or "–"}
    head |= {f"field {name}": value for name, value in issue.fields.items()}
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\n".join([*lines, "", plain_text(issue.description), ""])
