"""Faults of a configuration, worded so that an admin can fix them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

SHOWN = 80  # characters of a wrong value that a fault repeats
Steps = tuple[str | int, ...]  # the place of a value: keys and list positions from the top of the file


@dataclass(frozen=True)
class Fault:
    """One mistake: `file:line: key: what is wrong, what to write instead`; without a line in the environment."""

    file: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.text) if part)


class ConfigError(ValueError):
    """The configuration cannot be used; `faults` has everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def dotted(steps: Steps) -> str:
    """Write a place the way an admin reads it: `retry.schedule[2]`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def message(code: str, values: Mapping[str, object] | None = None) -> str:
    """Return the text of a fault, filled in; a code without a text falls back to pydantic's own words (`said`)."""
    texts = _texts()
    return texts.get(code, texts["other"]).format_map({"said": code, **(values or {})})


def listed(names: Sequence[str]) -> str:
    """Join the possible values with commas."""
    return ", ".join(names)


def shown(value: object) -> str:
    """Return a wrong value for a fault, cut to `SHOWN` characters; «…» for a list or a table."""
    if not isinstance(value, str | int | float):
        return "…"
    text = str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


@cache
def _texts() -> dict[str, str]:
    path = Path(__file__).parent / "messages" / "faults.yml"
    texts: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return texts
