"""Categories of tickets that may not be closed before the seller has answered (T-3), by all their spellings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from config.fields import Text
from config.jira import ProjectKey
from config.named import Named, spellings
from config.names import Names, match_key

_PARTS = ":"  # separates the type from the subtype in «FBS: Возвраты»


class HoldSellerCategory(Named):
    """A row of T-3: names are «type: subtype»; `rule` is W-79…W-82; `project` is where its holds go."""

    rule: Text
    project: ProjectKey


@dataclass(frozen=True)
class HoldCategory:
    """A row of T-3: its id, the manual's spelling, the rule, and the Jira project of its holds."""

    id: str
    name: str
    rule: str
    project: str


class HoldNames:
    """A lookup of the rows of T-3 by type and subtype as a ticket spells them."""

    def __init__(self, table: Mapping[str, HoldSellerCategory]) -> None:
        self._whole = Names(spellings(table))
        self._types: dict[str, set[str]] = {}
        for owner, spelling in spellings(table):
            kind, parted, _ = spelling.partition(_PARTS)
            if parted:
                self._types.setdefault(match_key(kind), set()).add(owner)

    def find(self, types: Collection[str], subtype: str) -> str | None:
        """Return the id of the row; `types` are all names of the ticket's type.

        The row's name may be split over type and subtype, or be whole in either. None when no row has it, when the two
        name different rows, or when one of them is the type of another row («FBO» / «FBS: Возвраты»).
        """
        texts = [*(f"{kind} {subtype}" for kind in types), *types, subtype]
        found = {owner for owner in map(self._whole.find, texts) if owner}
        if len(found) != 1:
            return None
        owner = found.pop()
        return None if any(self._denies(part, owner) for part in (*types, subtype)) else owner

    def _denies(self, part: str, owner: str) -> bool:
        rows = self._types.get(match_key(part))
        return rows is not None and owner not in rows
