"""Checks calls against the documents: Jira's and the service desk's OpenAPI, the ADF schema, our WebCRM contract.

Jira's documents lie beside the repository (`../shared/openapi`); `available("jira")` is False where they are absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError, best_match

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "openapi"
FILES = {
    "jira": (SHARED / "jira-v3.json", SHARED / "jsm.json"),
    "webcrm": (ROOT / "docs" / "webcrm.openapi.yml",),
}
METHODS = ("get", "put", "post", "patch", "delete")
UNDOCUMENTED = "/rest/webhooks/1.0/"  # Jira's admin webhooks stand in no OpenAPI document
FIRST_ERROR = 400  # Jira documents the bodies of few refusals; where it does not, they have the shape that all have
ERRORS = {"/rest/api/": "ErrorCollection", "/rest/servicedeskapi/": "ErrorResponse"}
OLDER = re.compile(r"^/rest/api/(?:2|latest)/")  # the same calls with text as wiki markup; no document of theirs here
System = Literal["jira", "webcrm"]
Json = Any


@dataclass(frozen=True)
class Operation:
    """One documented call, with the document that its references point into."""

    document: Mapping[str, Any]
    spec: Mapping[str, Any]


def available(system: System) -> bool:
    """True when the system's documents are there to check against."""
    return all(file.exists() for file in FILES[system])


def check_request(system: System, method: str, path: str, body: Json) -> None:
    """Check a request's body (and the ADF in it); raise AssertionError with the JSON path of the first fault."""
    if path.startswith(UNDOCUMENTED):
        return
    operation = find(system, method, path)
    schema = content_schema(operation.document, operation.spec.get("requestBody", {}))
    where = f"request {method} {path}"
    if schema is not None:
        conforms(operation.document, schema, body, where)
    elif body is not None and "requestBody" not in operation.spec:
        raise AssertionError(f"{where}: $: no body is documented")
    check_documents(body, where)


def check_response(system: System, method: str, path: str, status: int, body: Json) -> None:
    """Check an answer's status and body (and the ADF in it); raise AssertionError with the JSON path of the fault."""
    if path.startswith(UNDOCUMENTED):
        return
    operation = find(system, method, path)
    where = f"response {method} {path} {status}"
    answer = operation.spec["responses"].get(str(status))
    if answer is None:
        raise AssertionError(f"{where}: $: this status is not documented")
    schema = content_schema(operation.document, answer)
    if schema is None and status >= FIRST_ERROR and body is not None:
        schema = error_schema(path)
    if schema is not None:
        conforms(operation.document, schema, body, where)
    elif (
        body is not None
        and status < FIRST_ERROR
        and "application/json" not in resolve(operation.document, answer).get("content", {})
    ):
        raise AssertionError(f"{where}: $: no body is documented")
    check_documents(body, where)


def error_schema(path: str) -> Mapping[str, Any] | None:
    """The schema that the refusals of this API have where the document says nothing of a certain one."""
    name = next((name for prefix, name in ERRORS.items() if path.startswith(prefix)), None)
    return {"$ref": f"#/components/schemas/{name}"} if name else None


def check_calls(system: System, calls: list[dict[str, Any]]) -> None:
    """Check the requests among a sandbox's `calls` of that system."""
    for call in calls:
        check_request(system, call["method"], call["path"], call["body"])


def find(system: System, method: str, path: str) -> Operation:
    """The documented call; raise AssertionError when there is none."""
    bare = OLDER.sub("/rest/api/3/", path.partition("?")[0])
    if system == "webcrm":
        bare = bare.removeprefix("/webcrm")
    for pattern, methods, document in paths(system):
        if pattern.fullmatch(bare) and method.lower() in methods:
            return Operation(document, methods[method.lower()])
    raise AssertionError(f"{method} {path}: not documented")


@cache
def paths(system: System) -> list[tuple[re.Pattern[str], Mapping[str, Any], Mapping[str, Any]]]:
    """Every path as a pattern with its methods and its document; literal segments win over parameters."""
    rows = []
    for file in FILES[system]:
        document = read(file)
        for path, item in document["paths"].items():
            pattern = re.compile(
                "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]+\})", path))
            )
            rows.append((path.count("{"), pattern, {name: item[name] for name in METHODS if name in item}, document))
    return [row[1:] for row in sorted(rows, key=lambda row: row[0])]


@cache
def read(file: Path) -> Mapping[str, Any]:
    """A document with OpenAPI's `nullable` said in JSON Schema's words."""
    text = file.read_text(encoding="utf-8")
    document: Mapping[str, Any] = nullable_said(json.loads(text) if file.suffix == ".json" else yaml.safe_load(text))
    return document


def nullable_said(node: Any) -> Any:
    """The same tree with every `nullable` schema allowing null."""
    if isinstance(node, list):
        return [nullable_said(one) for one in node]
    if not isinstance(node, dict):
        return node
    said = {key: nullable_said(value) for key, value in node.items()}
    return {"anyOf": [said, {"type": "null"}]} if said.get("nullable") is True else said


def resolve(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node, or what it refers to within its document."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def content_schema(document: Mapping[str, Any], holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema of a request's or an answer's body, None where the document gives none."""
    schema: Mapping[str, Any] | None = (
        resolve(document, holder).get("content", {}).get("application/json", {}).get("schema")
    )
    return schema or None


def conforms(document: Mapping[str, Any], schema: Mapping[str, Any], value: Json, where: str) -> None:
    """Raise AssertionError with the JSON path of the worst fault."""
    whole = (
        {**schema, "components": document["components"]}
        if "$ref" not in schema
        else {"allOf": [schema], "components": document["components"]}
    )
    fault = best_match(Draft4Validator(whole).iter_errors(value))
    if fault is not None:
        raise AssertionError(f"{where}: {told(fault)}")


def told(fault: ValidationError) -> str:
    """A fault with its place."""
    return f"{fault.json_path}: {fault.message[:500]}"


@cache
def adf_validator() -> Draft4Validator:
    """The official ADF schema."""
    return Draft4Validator(json.loads((SHARED / "adf.json").read_text(encoding="utf-8")))


def check_documents(body: Json, where: str) -> None:
    """Check every ADF document inside a body against the official schema."""
    for path, document in documents(body, "$"):
        fault = best_match(adf_validator().iter_errors(document))
        if fault is not None:
            raise AssertionError(f"{where}: {path}: {told(fault)}")


def documents(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every ADF document inside a body with its path."""
    if isinstance(node, dict) and node.get("type") == "doc":
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from documents(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from documents(value, f"{path}[{index}]")
