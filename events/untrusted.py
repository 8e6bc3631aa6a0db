"""Total accessors for JSON from outside: any value in, a bounded value or nothing out, never an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

SHORT = 255  # characters
_LARGEST = 10**20
_PLACE = re.compile(r"[0-9]{1,9}")


def part(value: object, *names: str) -> Mapping[str, object]:
    """Return the object at a path of keys; an empty one when anything on the way is missing or not an object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def entries(value: object) -> Sequence[object]:
    """Return the entries of a list, or nothing for any other value.

    PHP turns a list with gaps into an object: `{"0": …, "2": …}` counts as a list, in the order of its keys.
    """
    if isinstance(value, dict) and all(map(_PLACE.fullmatch, value)):
        return [value[place] for place in sorted(value, key=int)]
    return value if isinstance(value, list) else []


def objects(value: object, limit: int) -> Sequence[Mapping[str, object]]:
    """Return the objects among the first `limit` entries of a list, or nothing for any other value."""
    return [item for item in entries(value)[:limit] if isinstance(item, dict)]


def text(value: object, limit: int = SHORT) -> str | None:
    """Return a string, or a whole number as a string, cut to `limit` characters; None for any other value."""
    if isinstance(value, str):
        return value[:limit]
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return str(value)[:limit] if whole else None
