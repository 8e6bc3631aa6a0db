"""The forms of the numbers that agents state (R-05): of an order, of a shipment, of a supply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from config.fields import Strict
from config.usedesk import Pattern

LONGEST = 8_000  # characters of a ticket's texts that are searched
MOST = 10  # numbers of one kind that are offered


class Numbers(Strict):
    """Regular expressions; what stands in a pattern's brackets, or else all of it, is the number."""

    order_no: tuple[Pattern, ...] = ()
    shipment_no: tuple[Pattern, ...] = ()
    supply_no: tuple[Pattern, ...] = ()

    def found(self, texts: Iterable[str]) -> dict[str, list[str]]:
        """The numbers that texts hold, by field, each once, in the order of the texts."""
        text = "\n".join(texts)[:LONGEST]
        return {name: _numbers(patterns, text) for name, patterns in self._compiled.items()}

    def found_of(self, name: str, text: str) -> list[str]:
        """Those of one field in one text."""
        return _numbers(self._compiled[name], text[:LONGEST])

    @cached_property
    def _compiled(self) -> dict[str, list[re.Pattern[str]]]:
        fields = {"order_no": self.order_no, "shipment_no": self.shipment_no, "supply_no": self.supply_no}
        return {name: [re.compile(one, re.IGNORECASE) for one in patterns] for name, patterns in fields.items()}


def _numbers(patterns: Sequence[re.Pattern[str]], text: str) -> list[str]:
    found = [match[pattern.groups] for pattern in patterns for match in pattern.finditer(text)]
    return list(dict.fromkeys(found))[:MOST]
