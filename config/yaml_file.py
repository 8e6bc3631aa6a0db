"""Reads a YAML file with the line of every value; all values stay strings until a model gives them a type.

They stay strings because YAML would read `off` as false and `010` as eight; pydantic converts them as needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config.faults import ConfigError, Fault, Steps, dotted, message

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is available
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STANDARD = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """A YAML file: its name as faults show it, its content, and the line of each key and list item."""

    file: str
    data: dict[str, Any]
    lines: Mapping[Steps, int]

    def line(self, steps: Steps) -> int:
        """Return the line of a value, or of the nearest table around it."""
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)

    def fault(self, steps: Steps, code: str, **values: object) -> Fault:
        """Make a fault about a value of this file."""
        return Fault(self.file, self.line(steps), dotted(steps), message(code, values))


@dataclass
class _Reading:
    """The state while a file is being read."""

    file: str
    lines: dict[Steps, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def fault(self, node: yaml.Node, steps: Steps, code: str, **values: object) -> None:
        self.faults.append(Fault(self.file, node.start_mark.line + 1, dotted(steps), message(code, values)))


def read(path: Path, file: str) -> Document:
    """Read the file; `file` is its name in faults.

    Raises ConfigError when it is missing, unreadable, not YAML, not a table, or has a repeated key, anchor or tag.
    """
    node = _compose(_text(path, file), file)
    if not isinstance(node, yaml.MappingNode):
        code = "file_empty" if node is None or _is_nothing(node) else "file_not_table"
        raise ConfigError([Fault(file, 1, "", message(code))])
    reading = _Reading(file)
    data = _value(node, (), reading)
    if reading.faults:
        raise ConfigError(reading.faults)
    return Document(file, data, reading.lines)


def _text(path: Path, file: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        other = path.with_suffix(".yaml")
        code = "file_other_name" if other.exists() else "file_missing"
        raise ConfigError([Fault(file, 1, "", message(code, {"other": other.name, "name": path.name}))]) from None
    except UnicodeDecodeError:
        raise ConfigError([Fault(file, 1, "", message("file_encoding"))]) from None
    except OSError as error:
        raise ConfigError([Fault(file, 1, "", message("file_unreadable", {"said": error.strerror}))]) from None


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        lines = text.splitlines()
        tab = line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]
        text_of = message("yaml_tab") if tab else message("yaml", {"said": error.problem})
        raise ConfigError([Fault(file, line + 1, "", text_of)]) from None
    except yaml.YAMLError:  # a control character, for which libyaml gives no line
        line = next((n for n, row in enumerate(text.split("\n"), 1) if _CONTROL.search(row)), 1)
        raise ConfigError([Fault(file, line, "", message("yaml_character"))]) from None


def _value(node: yaml.Node, steps: Steps, reading: _Reading) -> Any:
    if id(node) in reading.seen:
        return reading.fault(node, steps, "yaml_anchor")
    reading.seen.add(id(node))
    if not node.tag.startswith(_STANDARD):
        reading.fault(node, steps, "yaml_tag", tag=node.tag)
    if isinstance(node, yaml.MappingNode):
        return _table(node, steps, reading)
    if isinstance(node, yaml.SequenceNode):
        return [_item(item, (*steps, number), reading) for number, item in enumerate(node.value)]
    return None if _is_nothing(node) else node.value


def _table(node: yaml.MappingNode, steps: Steps, reading: _Reading) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            reading.fault(key_node, steps, "yaml_key")
            continue
        key = key_node.value
        inner = (*steps, key)
        if key in table:
            reading.fault(key_node, inner, "key_twice", first=reading.lines[inner])
            continue
        reading.lines[inner] = key_node.start_mark.line + 1
        table[key] = _value(value_node, inner, reading)
    return table


def _item(node: yaml.Node, steps: Steps, reading: _Reading) -> Any:
    reading.lines[steps] = node.start_mark.line + 1
    return _value(node, steps, reading)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _STANDARD + "null"
