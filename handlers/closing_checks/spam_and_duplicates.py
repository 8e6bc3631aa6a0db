"""Checks of «Спам», «Дубликат» and merge notices (W-16, R-32, R-35…R-44, R-48, R-49)."""

from __future__ import annotations

from collections.abc import Mapping

from config.resolutions import NO_DUPLICATES
from desk.known_tickets import known_by, names_another, party_of
from desk.similarity import similar
from handlers import merge_notices
from handlers.closing_checks.facts import Facts
from handlers.closing_checks.table import Check

_NUMBERS = ("order_no", "shipment_no", "supply_no")


def is_unlinked(facts: Facts) -> bool:
    """Return True when the ticket is linked to no seller or client (R-32)."""
    return not (facts.ticket.seller.id if facts.audience == "partner" else facts.ticket.client.id)


def is_business(facts: Facts) -> bool:
    """Return whether the ticket has order numbers, a task, or an answer of ours: spam has none of these (R-48)."""
    stated = any(getattr(facts.ticket, name) for name in _NUMBERS) or any(facts.numbers.values())
    return stated or facts.has_task or facts.spoke


def _no_original(facts: Facts) -> bool:
    return not names_another(facts.closing.duplicate_of, facts.ticket.id)


def _another_client(facts: Facts) -> bool:
    """Return True when the original is known to be another seller's or client's."""
    theirs, ours = facts.original.party if facts.original else None, party_of(facts.ticket)
    return theirs is not None and ours is not None and theirs != ours


def _another_problem(facts: Facts) -> bool:
    """Return True when the two do not seem to ask the same; a score never blocks a closing (C-03)."""
    return facts.original is not None and not similar(known_by(facts.event), [facts.original], facts.config)


def _another_channel(facts: Facts) -> bool:
    """Return True when both channels are known and differ."""
    if facts.original is None:
        return False
    theirs = facts.config.resolutions.kind_of(facts.original.channel, facts.original.channel_kind).channel
    return theirs is not None and facts.kind.channel is not None and theirs != facts.kind.channel


def notice_values(facts: Facts) -> Mapping[str, str]:
    """Return what is certainly wrong with the agent's merge notice; `fault` is empty if nothing is (W-16)."""
    told = facts.notice
    fault = merge_notices.fault_of(told, facts.event, facts.others, facts.config.duplicates) if told else None
    number = (told.number if told else None) or ""
    other = facts.others.get(number)
    return {"fault": fault or "", "number": number, "status": (other.status if other else None) or ""}


def _always(_facts: Facts) -> bool:
    return True


CHECKS = (
    Check("W-16", lambda facts: bool(notice_values(facts)["fault"]), values=notice_values, told=True),
    Check("R-32", is_unlinked),
    Check("R-35", lambda facts: "spam" in facts.said.told, lambda facts: "spam" in facts.said.seems),
    *(Check(rule, _always) for rule in NO_DUPLICATES),
    Check("R-43", _another_client, _another_problem),
    Check("R-44", _another_channel),
    Check("R-48", is_business),
    Check("R-49", _no_original),
)
