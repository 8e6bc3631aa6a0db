"""Patterns of the numbers that agents have to state (R-05): of an order, a shipment, a supply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from config.fields import Strict
from config.usedesk import Pattern

LONGEST = 8_000  # characters of a ticket's texts that are searched
MOST = 10  # numbers of one kind that are offered


class Numbers(Strict):
    """Regular expressions by field; a pattern's group, or without one the whole match, is the number."""

    order_no: tuple[Pattern, ...] = ()
    shipment_no: tuple[Pattern, ...] = ()
    supply_no: tuple[Pattern, ...] = ()

    def found(self, texts: Iterable[str]) -> dict[str, list[str]]:
        """Return the numbers found in texts, by field and each once."""
        text = "\n".join(texts)[:LONGEST]
        return {name: _numbers(patterns, text) for name, patterns in self._compiled.items()}

    def found_of(self, name: str, text: str) -> list[str]:
        """Return the numbers of one field found in one text."""
        return _numbers(self._compiled[name], text[:LONGEST])

    @cached_property
    def _compiled(self) -> dict[str, list[re.Pattern[str]]]:
        fields = {"order_no": self.order_no, "shipment_no": self.shipment_no, "supply_no": self.supply_no}
        return {name: [re.compile(one, re.IGNORECASE) for one in patterns] for name, patterns in fields.items()}


def _numbers(patterns: Sequence[re.Pattern[str]], text: str) -> list[str]:
    found = [match[pattern.groups] for pattern in patterns for match in pattern.finditer(text)]
    return list(dict.fromkeys(found))[:MOST]
