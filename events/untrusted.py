"""Total accessors for what others wrote: any JSON in, a bounded value or nothing out, never an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

SHORT = 255  # characters
_LARGEST = 10**20
_PLACE = re.compile(r"[0-9]{1,9}")


def part(value: object, *names: str) -> Mapping[str, object]:
    """The object at a path of keys; empty when anything on the way is missing or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def entries(value: object) -> Sequence[object]:
    """The entries of a list; nothing for anything else.

    PHP makes an object of a list that something was taken out of: `{"0": …, "2": …}` is one, in the order of its keys.
    """
    if isinstance(value, dict) and all(map(_PLACE.fullmatch, value)):
        return [value[place] for place in sorted(value, key=int)]
    return value if isinstance(value, list) else []


def objects(value: object, limit: int) -> Sequence[Mapping[str, object]]:
    """The first objects of a list; nothing for anything else."""
    return [item for item in entries(value)[:limit] if isinstance(item, dict)]


def text(value: object, limit: int = SHORT) -> str | None:
    """A string, or a whole number as one, cut to `limit` characters."""
    if isinstance(value, str):
        return value[:limit]
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return str(value)[:limit] if whole else None
