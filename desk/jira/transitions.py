"""Which of the transitions that Jira offers lead to a status, and what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from desk.jira.names import is_named

Transition = Mapping[str, Any]


def ways_to(transitions: Iterable[Transition], status: str) -> list[Transition]:
    """Return the available transitions to a status (its name or id), the least demanding first."""
    ways = [one for one in transitions if is_named(one["to"], status) and one.get("isAvailable") is not False]
    return sorted(ways, key=lambda way: (len(asked_by(way)), bool(way.get("hasScreen"))))


def asked_by(transition: Transition) -> list[str]:
    """Return the fields without which a transition cannot be made."""
    fields: Mapping[str, Any] = transition.get("fields") or {}
    return [name for name, field in fields.items() if field.get("required") and not field.get("hasDefaultValue")]


def targets(transitions: Iterable[Transition]) -> list[str]:
    """Return the names of the statuses to which transitions lead."""
    return sorted({str(one["to"]["name"]) for one in transitions})
