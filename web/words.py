"""The texts of the pages, from `words.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from web.language import language, said

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)), ("s", timedelta(seconds=1)))
_NOW = timedelta(seconds=3)


def word(table: str, key: object) -> str:
    """Return the word for a key in the request's language; the key itself when the table has none."""
    found = words()[table].get(key)
    return said(str(found)) if found is not None else str(key)


def notice(key: str) -> dict[str, object]:
    """Return what a page says on top about a button that was pressed; `bad`: it was not done."""
    known = key in words()["told"]
    return {"told": word("told", key) if known else None, "bad": key in words()["not_done"]}


def verb(name: str) -> str:
    """Return the word for an action; all `note_…` share one, and so do all `say_case_…`."""
    family = next((one for one in ("note", "say_case") if name.startswith(f"{one}_")), name)
    return word("verbs", family)


def relative(moment: datetime, now: datetime) -> str:
    """Write how long ago, or how soon, in the largest whole unit."""
    table = words()["relative"]
    gap = abs(now - moment)
    if gap < _NOW:
        return said(str(table["now"]))
    unit, size = next((unit, size) for unit, size in _UNITS if gap >= size)
    told = said(str(table["past" if moment < now else "future"]))
    count = gap // size
    return told.format(n=count, unit=_counted(count, str(table["units"][unit])))


def _counted(count: int, forms: str) -> str:
    """Return the form of a word that fits a count, from `день/дня/дней` or its English."""
    one, few, many = said(forms).split("/")
    if language() != "ru":
        return one if count == 1 else many
    if count % 10 == 1 and count % 100 != 11:  # noqa: PLR2004 # as Russian counts
        return one
    return few if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many


@cache
def words() -> Mapping[str, Any]:
    """Return all tables."""
    path = Path(__file__).parent / "words.yml"
    tables: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tables
