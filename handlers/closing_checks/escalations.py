"""Closings that escalate, hold or wait (W-25, W-26, W-33, W-58…W-63, W-70, W-76…W-79)."""

from __future__ import annotations

from handlers.closing_checks.facts import Facts, blank
from handlers.closing_checks.table import Check
from handlers.closings import is_our_question


def _question_left_open(facts: Facts) -> bool:
    return facts.mandatory


def _must_be_held(facts: Facts) -> bool:
    waits = facts.resolution == "not_solved" and facts.question is not None and not facts.escalates
    return waits and facts.closing.hold is None and facts.hold_category is not None


def _tick_missing(facts: Facts) -> bool:
    chosen = facts.closing.create_jira or facts.closing.hold or facts.escalates
    return not chosen and facts.pair is not None


def _other_resolution(facts: Facts) -> bool:
    return bool(facts.closing.create_jira) and facts.resolution != "not_solved"


def _not_in_table(facts: Facts) -> bool:
    asked = facts.closing.create_jira and facts.closing.hold is None and not _must_be_held(facts)
    return bool(asked) and facts.pair is None


def _nothing_said(facts: Facts) -> bool:
    texts = (facts.closing.description or "", *(message.text for message in facts.ticket.messages))
    return bool(facts.closing.create_jira) and facts.closing.hold is None and not any(map(str.strip, texts))


def _nothing_done(facts: Facts) -> bool:
    return facts.closing.hold == "ozon" and blank(facts.closing.actions_done)


def _no_question(facts: Facts) -> bool:
    return facts.closing.hold == "seller" and facts.question is None


def _asked_early(facts: Facts) -> bool:
    held = facts.closing.hold == "seller" or _must_be_held(facts)
    return held and facts.ticket.jira_key is None and any(map(is_our_question, facts.ticket.messages))


def _other_category(facts: Facts) -> bool:
    return facts.closing.hold == "seller" and facts.hold_category is None


CHECKS = (
    Check("W-25", _question_left_open, told=True),
    Check("W-26", _must_be_held, told=True),
    Check("W-33", _tick_missing, told=True),
    Check("W-58", _other_resolution, told=True),
    Check("W-62", _not_in_table, told=True),
    Check("W-63", _nothing_said, told=True),
    Check("W-70", _nothing_done, told=True),
    Check("W-76", _no_question, told=True),
    Check("W-77", _asked_early, told=True),
    Check("W-79", _other_category, told=True),
)
