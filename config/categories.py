"""`categories.yml`: what goes to Jira (T-1), what waits for the seller (T-3), resolutions; all spellings (C-22)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticKnownError

from config.fields import Strict, Text
from config.hold_categories import HoldCategory, HoldNames, HoldSellerCategory
from config.jira import Id
from config.named import Named, spellings
from config.names import Names, match_key

ResolutionId = Literal["solved", "not_solved", "nto", "spam", "duplicate"]
_ESCALATION = "escalation"


def _an_alias(spelling: str, info: ValidationInfo) -> str:
    """Refuse a spelling that is not among the aliases: it would not be recognised as this resolution."""
    aliases = info.data.get("aliases")  # None when the aliases are faulty themselves
    if aliases is not None and match_key(spelling) not in map(match_key, aliases):
        raise PydanticKnownError("literal_error", {"expected": ", ".join(f"'{alias}'" for alias in aliases)})
    return spelling


class Resolution(Named):
    """A resolution; `escalating` are the aliases that also mean the tick «Эскалация» (R-50)."""

    escalating: tuple[Annotated[Text, AfterValidator(_an_alias)], ...] = ()


class Subtype(Named):
    """A subtype; `rule` is the row of T-1 that orders an escalation (W-34…W-51)."""

    rule: Text


class TicketType(Named):
    """A ticket type: the project that its issues go to and the template that fills them."""

    project: Text
    template: Text
    subtypes: Annotated[dict[Id, Subtype], Field(min_length=1)]

    @cached_property
    def subtype_names(self) -> Names:
        """A lookup of this type's subtypes by spelling."""
        return Names(spellings(self.subtypes))


@dataclass(frozen=True)
class Topic:
    """A row of T-1: ids, the manual's spelling, and the rule."""

    type_id: str
    subtype_id: str
    type_name: str
    subtype_name: str
    rule: str


class Categories(Strict):
    """All of `categories.yml`."""

    types: Annotated[dict[Id, TicketType], Field(min_length=1)]
    resolutions: Annotated[dict[ResolutionId, Resolution], Field(min_length=1)]
    hold_seller: Annotated[dict[Id, HoldSellerCategory], Field(min_length=1)]

    def topic(self, type_text: str | None, subtype_text: str | None) -> Topic | None:
        """Find the row of T-1 by any spelling of both; None when the pair is not in the table."""
        type_id = self.type_id(type_text)
        if type_id is None:
            return None
        kind = self.types[type_id]
        subtype_id = kind.subtype_names.find(subtype_text)
        if subtype_id is None:
            return None
        subtype = kind.subtypes[subtype_id]
        return Topic(type_id, subtype_id, kind.name, subtype.name, subtype.rule)

    def type_id(self, type_text: str | None) -> str | None:
        """Find a ticket type by any spelling."""
        return self._type_names.find(type_text)

    def resolution(self, text: str | None) -> str | None:
        """Find a resolution by any spelling: solved, not_solved, nto, spam, duplicate."""
        return self._resolution_names.find(text)

    def escalates(self, resolution: str | None) -> bool:
        """Return True when a resolution is spelt in a way that hands the ticket over to somebody else (R-50)."""
        return self._ticks.find(resolution) == _ESCALATION

    def hold_category(self, type_text: str | None, subtype_text: str | None) -> HoldCategory | None:
        """Find the row of T-3 by any spelling, in both texts or whole in either; None when the table has no such row.

        A type of T-1 may have any of its names there: «Отгрузка со склада OZON (FBO)» is «FBO».
        """
        type_id = self.type_id(type_text)
        known = (self.types[type_id].name, *self.types[type_id].aliases) if type_id else ()
        owner = self._hold_names.find((type_text or "", *known), subtype_text or "")
        if owner is None:
            return None
        row = self.hold_seller[owner]
        return HoldCategory(owner, row.name, row.rule, row.project)

    @cached_property
    def _hold_names(self) -> HoldNames:
        return HoldNames(self.hold_seller)

    @cached_property
    def _type_names(self) -> Names:
        return Names(spellings(self.types))

    @cached_property
    def _resolution_names(self) -> Names:
        return Names(spellings(self.resolutions))

    @cached_property
    def _ticks(self) -> Names:
        """A lookup of resolutions' spellings that tells whether one also means the tick «Эскалация»."""
        marked = {match_key(spelling) for row in self.resolutions.values() for spelling in row.escalating}
        known = [spelling for _, spelling in spellings(self.resolutions)]
        return Names((_ESCALATION if match_key(spelling) in marked else "none", spelling) for spelling in known)
