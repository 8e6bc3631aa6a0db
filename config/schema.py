"""JSON Schemas of the tables for editors; `python -m config.schema` writes them to `config/schemas/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.inherit import DEFAULTS
from config.jira import JiraConfig
from config.loader import TABLES

FOLDER = Path(__file__).resolve().parent / "schemas"
_REFERENCE = {"type": "string", "pattern": r"\$\{[A-Z][A-Z0-9_]*(:-[^}]*)?\}"}
_NARROW = ("pattern", "enum")  # restrict a text in a way that `${NAME}` would not satisfy


def schema_text(model: type[BaseModel]) -> str:
    """Return the JSON Schema of a table, which allows a reference to a variable in place of any value."""
    schema = _open(_inheriting(model.model_json_schema()) if model is JiraConfig else model.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> None:
    """Write every schema to `folder`."""
    folder.mkdir(exist_ok=True)
    for name, model in TABLES.items():
        (folder / f"{name}.json").write_text(schema_text(model), encoding="utf-8")


def _inheriting(schema: dict[str, Any]) -> dict[str, Any]:
    """Let the rows of this table leave out what is in its defaults, or drop it with null."""
    schema["properties"][DEFAULTS] = {"$ref": "#/$defs/Project"}
    for name in ("Project", "Statuses"):
        schema["$defs"][name].pop("required", None)
    row = schema["$defs"]["Project"]["properties"]
    row["issue_type"]["additionalProperties"] = _or_null(row["issue_type"]["additionalProperties"])
    row.update({name: _or_null(kind) for name, kind in row.items()})
    return schema


def _or_null(kind: dict[str, Any]) -> dict[str, Any]:
    """Allow null, with which a row drops what it would inherit."""
    return {"anyOf": [kind, {"type": "null"}]}


def _open(node: Any) -> Any:
    if isinstance(node, list):
        return [_open(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if _is_value(node):
        return {"anyOf": [node, _REFERENCE]}
    # a table's keys are never references
    return {key: inner if key == "propertyNames" else _open(inner) for key, inner in node.items()}


def _is_value(node: Mapping[str, object]) -> bool:
    kind = node.get("type")
    return kind in ("integer", "number", "boolean") or (kind == "string" and any(key in node for key in _NARROW))


if __name__ == "__main__":
    write()
