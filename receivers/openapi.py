"""The OpenAPI document of our own intake, made from the models that read it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic.json_schema import models_json_schema

from events import TicketEvent

_SCHEMAS = "#/components/schemas/{model}"
ALL_DOORS = ("webcrm", "usedesk", "block")
_OURS = ("kind", "source")  # set by the receiver, whatever the body says
_BLOCK_REFUSALS = {"400": "no ticket's number", "401": "the secret is missing or wrong", "413": "over 25 MB"}
_EXAMPLE: dict[str, Any] = {
    "id": "evt-1",
    "type": "ticket.closing",
    "occurred_at": "2026-11-20T16:04:11+03:00",
    "ticket": {
        "id": "23814352",
        "audience": "partner",
        "channel": "chat",
        "type": "Отгрузка со склада OZON (FBO)",
        "subtype": "Прибытие водителя на склад",
        "seller": {"id": "184467", "schemes": ["FBO"], "top": True},
        "supply_no": "2000012345",
        "warehouse": "Хоругвино",
        "messages": [
            {
                "id": "m1",
                "at": "2026-11-20T15:58:40+03:00",
                "author": {"role": "partner", "id": "184467"},
                "visibility": "public",
                "text": "Водитель ждёт у ворот",
            }
        ],
    },
    "agent": {"id": "a17", "gender": "f", "status": "На линии"},
    "closing": {"resolution": "Не решена", "create_jira": True, "description": "Водителя не пускают на склад"},
}


def document(doors: Collection[str] = ALL_DOORS) -> dict[str, Any]:
    """The document as a JSON-ready dict (OpenAPI 3.1); webhook bodies may carry more fields than it names.

    `doors` are those that there are beside Jira's: webcrm, usedesk, and the block in Usedesk's pages.
    """
    paths = {
        "webcrm": ("/webhooks/webcrm", _webcrm),
        "usedesk": ("/webhooks/usedesk/{path_token}", _usedesk),
        "block": ("/usedesk/block/{path_token}", _block),
    }
    open_doors = [("/webhooks/jira", _jira), *(paths[door] for door in paths if door in doors)]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Smezhnik: webhooks that it takes", "version": "1"},
        "paths": {path: {"post": describe()} for path, describe in open_doors},
        "components": {"schemas": _models() | _answers()},
    }


def _webcrm() -> dict[str, Any]:
    names = {
        "webhook-id": "the delivery's id, the same when it is sent again: 1 to 100 of A-Z a-z 0-9 _ . -",
        "webhook-timestamp": "when it is sent, in epoch seconds; 5 minutes off at most",
        "webhook-signature": "v1,<base64 of HMAC-SHA256 over id.timestamp.body>; several, separated by spaces",
    }
    body = {"schema": {"$ref": _SCHEMAS.format(model="TicketEvent")}, "example": _EXAMPLE}
    return {
        "summary": "Something happened to a ticket of the CRM",
        "description": (
            "Signed by the Standard Webhooks rules. Only id, type, occurred_at and ticket.id are required; "
            "everything else may be missing or null. A field of the wrong type counts as missing and is named in the "
            "answer's warnings. A type that is not known is kept and ignored."
        ),
        "parameters": [_header(name, text, required=True) for name, text in names.items()],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": _responses(),
    }


def _jira() -> dict[str, Any]:
    names = {
        "X-Hub-Signature": "sha256=<hex of HMAC-SHA256 over the raw body>",
        "X-Atlassian-Webhook-Identifier": "the delivery's id; without it the body's hash is taken",
    }
    site = {"name": "site", "in": "query", "schema": {"type": "string"}, "description": "a site's name in jira.yml"}
    headers = [_header(name, text, required=name == "X-Hub-Signature") for name, text in names.items()]
    return {
        "summary": "A webhook of Jira Cloud, as Jira sends it",
        "parameters": [*headers, site],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": _responses(),
    }


def _usedesk() -> dict[str, Any]:
    token = {"name": "path_token", "in": "path", "required": True, "schema": {"type": "string"}}
    body = {"schema": {"type": "object"}}
    return {
        "summary": "A webhook of Usedesk, as its API channel sends it",
        "description": "Proved by the secret inside the body.",
        "parameters": [token | {"description": "USEDESK_PATH_TOKEN"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": body, "application/x-www-form-urlencoded": body},
        },
        "responses": _responses() | {"404": {"description": "another path token"}},
    }


def _block() -> dict[str, Any]:
    token = {"name": "path_token", "in": "path", "required": True, "schema": {"type": "string"}}
    texts = {"ticket_id": "the ticket's number", "secret_key": "USEDESK_BLOCK_SECRET; `secret` is understood too"}
    properties = {name: {"type": ["string", "integer"], "description": text} for name, text in texts.items()}
    body = {"schema": {"type": "object", "required": list(texts), "properties": properties}}
    card = {"type": "object", "required": ["html"], "properties": {"html": {"type": "string"}}}
    refusals = {status: _response(text, "Refusal") for status, text in _BLOCK_REFUSALS.items()}
    return {
        "summary": "The card of a ticket, for Usedesk's dynamic block",
        "description": "Nothing is done by asking.",
        "parameters": [token | {"description": "USEDESK_PATH_TOKEN"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": body, "application/x-www-form-urlencoded": body},
        },
        "responses": {
            "200": {"description": "the card", "content": {"application/json": {"schema": card}}},
            "404": {"description": "another path token"},
            **refusals,
        },
    }


def _header(name: str, description: str, *, required: bool) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _responses() -> dict[str, Any]:
    texts = {
        "400": "malformed; the answer names the first fault",
        "401": "the signature is missing or wrong",
        "413": "over 25 MB, or over 25 MB when decompressed",
        "503": "could not be kept; send it again",
    }
    refusals = {status: _response(text, "Refusal") for status, text in texts.items()}
    return {"202": _response("kept, known already, or ignored", "Taken")} | refusals


def _response(description: str, model: str) -> dict[str, Any]:
    schema = {"$ref": _SCHEMAS.format(model=model)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _models() -> dict[str, Any]:
    _, definitions = models_json_schema([(TicketEvent, "validation")], ref_template=_SCHEMAS)
    schemas: dict[str, Any] = definitions["$defs"]
    for name in _OURS:
        schemas["TicketEvent"]["properties"].pop(name)
    return {name: _lenient(schema) for name, schema in schemas.items()}


def _lenient(schema: dict[str, Any]) -> dict[str, Any]:
    """Say that whatever is not required may be null; defaults and titles only repeat what stands there."""
    properties = {
        name: {key: value for key, value in member.items() if key not in ("default", "title")}
        for name, member in schema["properties"].items()
    }
    required = schema.get("required", [])
    nullable = {name: member if name in required else _nullable(member) for name, member in properties.items()}
    return schema | {"properties": nullable}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    return schema if null in schema.get("anyOf", []) else {"anyOf": [schema, null]}


def _answers() -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    status = {"enum": ["accepted", "duplicate", "ignored"]}
    fault = {
        "type": "object",
        "required": ["problem", "fix"],
        "properties": {
            "path": {"type": "string", "description": "JSON path of the first fault"},
            "problem": {"type": "string"},
            "fix": {"type": "string", "description": "what to send instead"},
            "count": {"type": "integer", "description": "how many faults there are"},
        },
    }
    return {
        "Taken": {"type": "object", "required": ["status"], "properties": {"status": status, "warnings": texts}},
        "Refusal": {"type": "object", "required": ["error"], "properties": {"error": fault}},
    }
