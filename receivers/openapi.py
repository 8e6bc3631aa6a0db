"""The OpenAPI document of what programs may call: the webhooks, and the checks before a button is pressed.

The webhooks' part is generated from the event models; the checks' part, with examples, is in `checks.openapi.yml`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from config.settings import Settings
from events import TicketEvent
from receivers.automation_events import EVENTS

_SCHEMAS = "#/components/schemas/{model}"
ALL_DOORS = ("automation", "forge", "webcrm", "usedesk", "block")
_OURS = ("kind", "source")  # set by the receiver, whatever the body says
_BLOCK_REFUSALS = {"400": "no ticket's number", "401": "the secret is missing or wrong", "413": "over 25 MB"}
_CHECKS = Path(__file__).with_name("checks.openapi.yml")
Schema = dict[str, Any]  # a part of an OpenAPI document

_EXAMPLE: Schema = {
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


def document(doors: Collection[str] = ALL_DOORS) -> Schema:
    """Return the document as a JSON-ready dict (OpenAPI 3.1); webhook bodies may have more fields than it names.

    `doors` are the routes that are open in addition to Jira's webhooks.
    """
    paths = {
        "automation": ("/webhooks/jira-automation", _automation),
        "forge": ("/webhooks/forge", _forge),
        "webcrm": ("/webhooks/webcrm", _webcrm),
        "usedesk": ("/webhooks/usedesk/{path_token}", _usedesk),
        "block": ("/usedesk/block/{path_token}", _block),
    }
    open_doors = [("/webhooks/jira", _jira), *(paths[door] for door in paths if door in doors)]
    checks = _checks() if "webcrm" in doors else {"paths": {}, "schemas": {}, "securitySchemes": {}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Smezhnik: webhooks that it takes, questions that it answers", "version": "1"},
        "paths": {path: {"post": describe()} for path, describe in open_doors} | checks["paths"],
        "components": {
            "schemas": _models() | _answers() | checks["schemas"],
            "securitySchemes": checks["securitySchemes"],
        },
    }


def doors_of(settings: Settings) -> tuple[str, ...]:
    """Return the doors that an installation has opened, Jira's webhooks aside."""
    return (*settings.crms, *settings.further_doors, *(["block"] if settings.usedesk_block_secret else []))


def _checks() -> Schema:
    """Return `/api/closing-check` and `/api/escalation-check`, with the refusals that all of `/api` shares."""
    checks: Schema = yaml.safe_load(_CHECKS.read_text(encoding="utf-8"))
    refusals = {"400": "malformed; the answer names the first fault", "401": "no token, or none that is known"}
    for path in checks["paths"].values():
        path["post"]["responses"] |= {status: _response(text, "Refusal") for status, text in refusals.items()}
    return checks


def _webcrm() -> Schema:
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


def _jira() -> Schema:
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


def _automation() -> Schema:
    texts = {"site": "a site's name in jira.yml", "event": f"what happened: {', '.join(EVENTS)}"}
    queries = [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": text} for name, text in texts.items()
    ]
    return {
        "summary": "A call of a rule of Jira Automation, action «Send web request»",
        "description": "The body is the issue in Jira's format or in Automation's, or custom data.",
        "parameters": [_header("Authorization", "Bearer and one of JIRA_AUTOMATION_TOKENS", required=True), *queries],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": _responses(),
    }


def _forge() -> Schema:
    return {
        "summary": "An event of Jira by the Forge app",
        "description": "Proved by Forge's invocation token; its panel asks /forge/panel with a token of the same kind.",
        "parameters": [_header("Authorization", "Bearer and Forge's invocation token", required=True)],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": _responses(),
    }


def _usedesk() -> Schema:
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


def _block() -> Schema:
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


def _header(name: str, description: str, *, required: bool) -> Schema:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _responses() -> Schema:
    texts = {
        "400": "malformed; the answer names the first fault",
        "401": "the signature is missing or wrong",
        "413": "over 25 MB, or over 25 MB when decompressed",
        "503": "could not be kept; send it again",
    }
    refusals = {status: _response(text, "Refusal") for status, text in texts.items()}
    return {"202": _response("kept, known already, or ignored", "Taken")} | refusals


def _response(description: str, model: str) -> Schema:
    schema = {"$ref": _SCHEMAS.format(model=model)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _models() -> Schema:
    _, definitions = models_json_schema([(TicketEvent, "validation")], ref_template=_SCHEMAS)
    schemas: Schema = definitions["$defs"]
    for name in _OURS:
        schemas["TicketEvent"]["properties"].pop(name)
    return {name: _lenient(schema) for name, schema in schemas.items()}


def _lenient(schema: Schema) -> Schema:
    """Let whatever is not required be null; drop defaults and titles, which add nothing."""
    properties = {
        name: {key: value for key, value in member.items() if key not in ("default", "title")}
        for name, member in schema["properties"].items()
    }
    required = schema.get("required", [])
    nullable = {name: member if name in required else _nullable(member) for name, member in properties.items()}
    return schema | {"properties": nullable}


def _nullable(schema: Schema) -> Schema:
    null = {"type": "null"}
    return schema if null in schema.get("anyOf", []) else {"anyOf": [schema, null]}


def _answers() -> Schema:
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
