"""Checks of «НТО» and of messages that need an answer (R-07…R-09, R-29…R-31, R-33, R-34, R-47, W-21, W-23)."""

from __future__ import annotations

from collections.abc import Callable

from config.names import match_key
from config.resolutions import Label
from handlers.closing_checks.facts import Facts, blank
from handlers.closing_checks.table import Check

_NEED_ANSWER: frozenset[Label] = frozenset({"question", "complaint", "wish", "thanks"})


def _told(*labels: Label) -> Callable[[Facts], bool]:
    return lambda facts: bool(facts.said.told & set(labels))


def _seems(*labels: Label) -> Callable[[Facts], bool]:
    return lambda facts: bool(facts.said.seems & set(labels))


def _answered_all_the_same(facts: Facts) -> bool:
    return facts.answered and not facts.ticket.chatbot_promised_human


def _nobody_answered(facts: Facts) -> bool:
    return not facts.spoke


def _next_step_chosen(facts: Facts) -> bool:
    return facts.closing.hold is not None or facts.escalates


def is_idle_service(facts: Facts) -> bool:
    """Return True for a service task to find the client on which nothing was done (R-31)."""
    return "service" in facts.circumstances and not facts.spoke and not facts.has_task


def needs_no_answer(facts: Facts) -> bool:
    """Return True for a reason for «НТО» and nothing that needs an answer (R-29…R-31 without R-08, R-09, R-33)."""
    if (facts.said.told | facts.said.seems) & _NEED_ANSWER:
        return False
    return not blank(facts.closing.nto_reason) or facts.said.only_courtesy or is_idle_service(facts)


def _no_reason(facts: Facts) -> bool:
    return not needs_no_answer(facts) and blank(facts.closing.nto_reason)


def _not_by_name(facts: Facts) -> bool:
    """Return True when we wrote to a client whose name is known but never used the name."""
    names = [match_key(name) for name in (facts.ticket.client.name or "").split()]
    ours = [match_key(one.text) for one in facts.messages if one.public and one.author.role in ("agent", "operator")]
    return bool(names and ours) and not any(name in text for name in names for text in ours)


CHECKS = (
    Check("W-21", _nobody_answered, needs=("ticket.messages",)),
    Check("W-23", _next_step_chosen),
    Check("R-07", _answered_all_the_same, needs=("ticket.messages",)),
    Check("R-08", _told("question", "complaint"), _seems("question", "complaint"), needs=("ticket.messages",)),
    Check("R-09", _told("wish"), _seems("wish"), needs=("ticket.messages",)),
    Check("R-29", _no_reason),
    Check("R-30", lambda facts: facts.said.only_courtesy and not facts.spoke, needs=("ticket.messages",)),
    Check("R-31", is_idle_service),
    Check("R-33", _told("thanks"), _seems("thanks"), needs=("ticket.messages",)),
    Check("R-34", _not_by_name),
    Check("R-47", lambda facts: facts.mandatory),
)
