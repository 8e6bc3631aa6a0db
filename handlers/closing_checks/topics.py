"""Checks of a closing's categories, topics and numbers (R-01, R-02, R-04, R-05, R-51, R-52, W-22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.closing_checks.facts import Facts
from handlers.closing_checks.table import Check

STATED = ("order_no", "shipment_no")


def _nothing_added(facts: Facts) -> bool:
    return facts.topics == []


def _not_all_chosen(facts: Facts) -> bool:
    return not facts.ticket.type or not facts.ticket.subtype or _nothing_added(facts)


def _no_category(facts: Facts) -> bool:
    if facts.audience == "partner":
        return not facts.ticket.type and facts.resolution != "solved"  # W-22 reports it
    return not facts.ticket.type and not facts.topics


def _topic_not_added(facts: Facts) -> bool:
    """Return True when no topic was added with «Добавить тему»; for a partner's «Не решена» the pair is enough."""
    if facts.audience == "partner" and facts.resolution == "solved":
        return False  # W-22 reports it
    if facts.ticket.topics:
        return _nothing_added(facts)
    chosen = bool(facts.ticket.type) and not (facts.audience == "partner" and facts.ticket.subtype)
    return _nothing_added(facts) and chosen


def _strange(facts: Facts) -> list[str]:
    """Return the topics that the tree does not have (R-01)."""
    return [one.text for one in facts.topics or () if not facts.config.resolutions.topics.is_known(one)]


def _fintech(facts: Facts) -> list[str]:
    """Return the topics of Fintech that may not be used; every topic counts, not only the first (R-52)."""
    return [one.text for one in facts.topics or () if facts.config.resolutions.topics.is_fintech(one)]


def _about_order(facts: Facts) -> bool:
    return facts.config.resolutions.topics.is_about_order(facts.names)


def missing_numbers(facts: Facts) -> list[str]:
    """Return the fields of required numbers that are not stated."""
    return [name for name in STATED if not getattr(facts.ticket, name)]


def _numbers(facts: Facts) -> Mapping[str, Any]:
    missing = missing_numbers(facts)
    return {"missing": missing, "found": [one for name in missing for one in facts.numbers.get(name, ())]}


CHECKS = (
    Check("W-22", _not_all_chosen),
    Check("R-01", lambda facts: bool(_strange(facts)), values=lambda facts: {"topics": _strange(facts)}),
    Check("R-02", lambda facts: bool(_fintech(facts)), values=lambda facts: {"topics": _fintech(facts)}),
    Check("R-04", _no_category, needs=("ticket.type",)),
    Check("R-05", lambda facts: bool(missing_numbers(facts)), when=_about_order, values=_numbers),
    Check("R-51", _topic_not_added, needs=("ticket.topics",)),
)
