"""Things that a table may call by several names (C-22)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from config.fields import Strict, Text

Key = TypeVar("Key", bound=str)


class Named(Strict):
    """A name as the manual spells it, and the other spellings that mean the same."""

    name: Text
    aliases: tuple[Text, ...] = ()


def spellings(table: Mapping[Key, Named]) -> Iterator[tuple[str, str]]:
    """Yield every (id, spelling) of a table."""
    for owner, named in table.items():
        for spelling in (named.name, *named.aliases):
            yield owner, spelling
