"""The texts of the commands, from `words.yml`, and the layout of their tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_WIDEST = 72  # characters of a cell; a longer one is cut


def say(name: str, /, **values: object) -> str:
    """Return a text with its values filled in."""
    return str(_words()[name]).format_map(values)


def columns(name: str) -> Mapping[str, str]:
    """Return the columns of a table: key → heading."""
    found: Mapping[str, str] = _words()[name]
    return found


def table(headings: Mapping[str, str], rows: Iterable[Mapping[str, str]]) -> str:
    """Lay rows out in aligned columns; a cell is one line."""
    lines = [list(headings.values()), *([_cell(row[key]) for key in headings] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(headings))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cell(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDEST else flat[: _WIDEST - 1] + "…"


@cache
def _words() -> Mapping[str, Any]:
    path = Path(__file__).parent / "words.yml"
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found
