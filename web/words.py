"""The words of the pages, from `words.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from web.language import said

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)), ("s", timedelta(seconds=1)))
_NOW = timedelta(seconds=3)


def word(table: str, key: object) -> str:
    """What people call a thing, in their language; the key itself when the table has no word for it."""
    found = words()[table].get(key)
    return said(str(found)) if found is not None else str(key)


def verb(name: str) -> str:
    """A verb of the desk in words; every `note_…` is a note to the agent."""
    return word("verbs", "note" if name.startswith("note_") else name)


def relative(moment: datetime, now: datetime) -> str:
    """How long ago, or how soon, in the largest whole unit."""
    table = words()["relative"]
    gap = abs(now - moment)
    if gap < _NOW:
        return said(str(table["now"]))
    unit, size = next((unit, size) for unit, size in _UNITS if gap >= size)
    told = said(str(table["past" if moment < now else "future"]))
    return told.format(n=gap // size, unit=said(str(table["units"][unit])))


@cache
def words() -> Mapping[str, Any]:
    """All tables."""
    path = Path(__file__).parent / "words.yml"
    tables: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tables
