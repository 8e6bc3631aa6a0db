"""`defaults` of a table: what its rows have unless they say otherwise; tables within are filled in key by key.

`key: null` in a row means that it does not have what it would inherit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from config.faults import ConfigError, Fault, Steps, dotted
from config.yaml_file import Document

DEFAULTS = "defaults"
ROWS = {"jira": "projects"}  # table → what inherits in it


def inherit(document: Document, rows: str) -> Document:
    """The table with every row filled in and without its defaults; an inherited value stands where the defaults do."""
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
    """A fault of the defaults once, and as one of theirs, instead of with every row that inherits it."""
    places = {line: steps for steps, line in document.lines.items() if steps[:1] == (DEFAULTS,)}
    found: dict[Fault, None] = {}
    for fault in faults:
        steps = places.get(fault.line or 0)
        inherited = steps is not None and fault.file == document.file and fault.key.startswith(f"{rows}.")
        found[Fault(fault.file, fault.line, _own(steps or (), fault.key), fault.text) if inherited else fault] = None
    return list(found)


def _own(steps: Steps, key: str) -> str:
    """The key of a fault as it stands in the defaults: `projects.FBO.site` → `defaults.site`."""
    return dotted((DEFAULTS, *key.split(".")[2:])) if key.count(".") > 1 else dotted(steps)
