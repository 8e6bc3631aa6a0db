"""What a closing breaks, said before the button is pressed: no side effects, no look at any other system.

Knows the rules of the chapters that are built (W-24…W-26, W-33, W-58…W-63, W-70, W-76…W-79).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from config import Config
from desk.adf import is_blank
from events import TicketEvent
from handlers.closings import escalates, is_our_question, question

Severity = Literal["forbid", "warn"]


@dataclass(frozen=True)
class Violation:
    """A rule that the closing breaks; `forbid`: the manual does not allow it, `warn`: the agent decides."""

    rule: str
    severity: Severity


Broken = Callable[[TicketEvent, Config], bool]


def check_closing(event: TicketEvent, config: Config) -> list[Violation]:
    """The rules that this closing breaks, in the manual's order; a rule whose mode is off says nothing."""
    return [
        Violation(rule, severity)
        for rule, severity, broken in CHECKS
        if config.rules.mode(rule) != "off" and broken(event, config)
    ]


def _resolution(event: TicketEvent, config: Config) -> str | None:
    return config.categories.resolution(event.closing.resolution)


def _category(event: TicketEvent, config: Config) -> bool:
    return config.categories.hold_category(event.ticket.type, event.ticket.subtype) is not None


def _question_left_open(event: TicketEvent, config: Config) -> bool:
    partner = event.ticket.audience != "customer"
    return partner and _resolution(event, config) == "solved" and question(event) is not None


def _must_be_held(event: TicketEvent, config: Config) -> bool:
    waits = _resolution(event, config) == "not_solved" and question(event) is not None and not escalates(event, config)
    return waits and event.closing.hold is None and _category(event, config)


def _tick_missing(event: TicketEvent, config: Config) -> bool:
    closing = event.closing
    chosen = closing.create_jira or closing.hold or escalates(event, config)
    topic = config.categories.topic(event.ticket.type, event.ticket.subtype)
    return not chosen and _resolution(event, config) == "not_solved" and topic is not None


def _other_resolution(event: TicketEvent, config: Config) -> bool:
    return bool(event.closing.create_jira) and _resolution(event, config) != "not_solved"


def _not_in_table(event: TicketEvent, config: Config) -> bool:
    asked = event.closing.create_jira and event.closing.hold is None and not _must_be_held(event, config)
    return bool(asked) and config.categories.topic(event.ticket.type, event.ticket.subtype) is None


def _nothing_said(event: TicketEvent, _config: Config) -> bool:
    texts = (event.closing.description or "", *(message.text for message in event.ticket.messages))
    return bool(event.closing.create_jira) and event.closing.hold is None and not any(map(str.strip, texts))


def _nothing_done(event: TicketEvent, _config: Config) -> bool:
    return event.closing.hold == "ozon" and is_blank(event.closing.actions_done or "")


def _no_question(event: TicketEvent, _config: Config) -> bool:
    return event.closing.hold == "seller" and question(event) is None


def _asked_early(event: TicketEvent, config: Config) -> bool:
    held = event.closing.hold == "seller" or _must_be_held(event, config)
    return held and event.ticket.jira_key is None and any(map(is_our_question, event.ticket.messages))


def _other_category(event: TicketEvent, config: Config) -> bool:
    return event.closing.hold == "seller" and not _category(event, config)


CHECKS: tuple[tuple[str, Severity, Broken], ...] = (
    ("W-25", "warn", _question_left_open),
    ("W-26", "forbid", _must_be_held),
    ("W-33", "warn", _tick_missing),
    ("W-58", "forbid", _other_resolution),
    ("W-62", "warn", _not_in_table),
    ("W-63", "forbid", _nothing_said),
    ("W-70", "warn", _nothing_done),
    ("W-76", "forbid", _no_question),
    ("W-77", "forbid", _asked_early),
    ("W-79", "warn", _other_category),
)


def rules_checked() -> Iterator[str]:
    """The ids of the rules that are checked."""
    return (rule for rule, _, _ in CHECKS)
