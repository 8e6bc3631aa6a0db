"""The table of checks and its evaluation: no side effects, the same answer for the same closing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from config.resolutions import CheckConfig as Applies
from config.resolutions import ResolutionRow, Severity
from handlers.closing_checks.facts import Facts

Needed = Literal[
    "closing.resolution", "ticket.channel", "ticket.channel_kind", "ticket.topics", "ticket.messages",
    "ticket.type", "ticket.client.is_legal_entity", "agent.skills",
]  # fmt: skip


@dataclass(frozen=True)
class Check:
    """When a rule is broken. `perhaps`: it only looks broken, so the agent is only advised.

    `when`: whether the rule applies at all; `needs`: fields without which an applicable rule cannot be checked.
    `values`: fill in the text to the agent. `told`: the procedure that does the closing tells the agent itself.
    """

    rule: str
    broken: Callable[[Facts], bool]
    perhaps: Callable[[Facts], bool] = lambda _: False
    when: Callable[[Facts], bool] = lambda _: True
    needs: tuple[Needed, ...] = ()
    values: Callable[[Facts], Mapping[str, Any]] = lambda _: {}
    told: bool = False


@dataclass(frozen=True)
class Violation:
    """A rule that the closing breaks, with its severity; `advise` where it only looks broken."""

    rule: str
    severity: Severity
    values: Mapping[str, Any]
    told: bool = False


@dataclass(frozen=True)
class Unknown:
    """A rule that could not be checked, and the fields that were missing."""

    rule: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class CheckResult:
    """The rules that a closing breaks, and those that could not be checked, each in the order of the manuals.

    `advice`: the row of T-5 that holds. `numbers`: those found in the ticket's texts, by field (R-05).
    """

    violations: tuple[Violation, ...]
    unknown: tuple[Unknown, ...]
    advice: ResolutionRow | None
    numbers: Mapping[str, Sequence[str]]


def look(checks: Iterable[Check], facts: Facts) -> Iterator[Violation | Unknown]:
    """Yield what each check finds; rules that are off, or not checked in this activity (R-03), are skipped."""
    return (found for check in checks if (found := _look(check, facts)) is not None)


def _look(check: Check, facts: Facts) -> Violation | Unknown | None:
    applies = _applies(check.rule, facts)
    here = facts.kind.lies_in(applies.channels) if applies is not None and applies.channels else True
    if applies is None or here is False or not check.when(facts):
        return None
    missing = [*_unplaced(applies, facts, here), *(name for name in check.needs if _FIELDS[name](facts) is None)]
    if missing:
        return Unknown(check.rule, tuple(dict.fromkeys(missing)))
    severity = applies.severity if check.broken(facts) else "advise" if check.perhaps(facts) else None
    return Violation(check.rule, severity, check.values(facts), check.told) if severity else None


def _applies(rule: str, facts: Facts) -> Applies | None:
    """Return how the rule is checked for this audience and resolution, which may be unknown; None if not at all."""
    applies = facts.config.resolutions.check_of(rule, facts.activity)
    if applies is None or facts.config.rules.mode(rule) == "off":
        return None
    others = applies.audiences and facts.audience not in applies.audiences
    another = applies.resolutions and facts.resolution is not None and facts.resolution not in applies.resolutions
    return None if others or another else applies


def _unplaced(applies: Applies, facts: Facts, here: bool | None) -> list[str]:
    """Return the missing fields that would tell whether the rule applies."""
    missing = ["closing.resolution"] if applies.resolutions and facts.resolution is None else []
    if here is None:
        missing.append("ticket.channel" if facts.kind.channel is None else "ticket.channel_kind")
    return missing


_FIELDS: Mapping[Needed, Callable[[Facts], object | None]] = {
    "closing.resolution": lambda facts: facts.resolution,
    "ticket.channel": lambda facts: facts.kind.channel,
    "ticket.channel_kind": lambda facts: facts.kind.kind,
    "ticket.topics": lambda facts: facts.topics,
    "ticket.messages": lambda facts: facts.messages or None,
    "ticket.type": lambda facts: facts.ticket.type or (True if facts.topics is not None else None),
    "ticket.client.is_legal_entity": lambda facts: facts.ticket.client.is_legal_entity,
    "agent.skills": lambda facts: facts.event.agent.skills,
}
