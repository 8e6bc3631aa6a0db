"""`defaults` of a table: values that its rows inherit unless they set their own; nested tables are merged key by key.

`key: null` in a row drops the inherited value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from config.faults import ConfigError, Fault, Steps, dotted
from config.yaml_file import Document

DEFAULTS = "defaults"
ROWS = {"jira": "projects"}  # table → the key whose rows inherit


def inherit(document: Document, rows: str) -> Document:
    """Return the table with its defaults merged into every row; an inherited value has the line of the default."""
    data = dict(document.data)
    defaults, own = data.pop(DEFAULTS, None), data.get(rows)
    if defaults is None:
        return Document(document.file, data, document.lines)
    if not isinstance(defaults, dict):
        raise ConfigError([document.fault((DEFAULTS,), "dict_type")])
    if not isinstance(own, dict):
        return Document(document.file, data, document.lines)
    lines = dict(document.lines)
    for key in own:
        inherited = {
            (rows, key, *steps[1:]): line for steps, line in document.lines.items() if steps[:1] == (DEFAULTS,)
        }
        lines = {**inherited, **lines}
    filled = {key: _filled(defaults, row if row is not None else {}) for key, row in own.items()}
    return Document(document.file, {**data, rows: filled}, lines)


def _filled(defaults: Any, own: Any) -> Any:
    if not (isinstance(defaults, dict) and isinstance(own, dict)):
        return own
    mine = {
        key: _filled(defaults.get(key), value) for key, value in own.items() if value is not None or key not in defaults
    }
    return {**{key: value for key, value in defaults.items() if key not in own}, **mine}


def told_once(faults: Iterable[Fault], document: Document, rows: str) -> list[Fault]:
    """Report a fault of the defaults once, with its place there, instead of once for every row that inherits it."""
    places = {line: steps for steps, line in document.lines.items() if steps[:1] == (DEFAULTS,)}
    found: dict[Fault, None] = {}
    for fault in faults:
        steps = places.get(fault.line or 0)
        inherited = steps is not None and fault.file == document.file and fault.key.startswith(f"{rows}.")
        found[Fault(fault.file, fault.line, _own(steps or (), fault.key), fault.text) if inherited else fault] = None
    return list(found)


def _own(steps: Steps, key: str) -> str:
    """Return a fault's key as it is in the defaults: `projects.FBO.site` → `defaults.site`."""
    return dotted((DEFAULTS, *key.split(".")[2:])) if key.count(".") > 1 else dotted(steps)
