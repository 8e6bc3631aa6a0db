"""Findings of `flask doctor`: what works, what does not, and how to fix it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from desk.faults import Trouble

Level = Literal["good", "warning", "fault"]


@dataclass(frozen=True)
class Symptom:
    """A finding; `code` selects its sentence and remedy in `web/doctor.yml`, and `values` fill them in.

    A warning does not stop the bot; a fault prevents something that the configuration promises.
    """

    level: Level
    code: str
    values: Mapping[str, Any]


def good(code: str, **values: Any) -> Symptom:
    """Return a finding that something works."""
    return Symptom("good", code, values)


def warning(code: str, **values: Any) -> Symptom:
    """Return a finding that an admin should know of."""
    return Symptom("warning", code, values)


def fault(code: str, **values: Any) -> Symptom:
    """Return a finding that an admin must fix."""
    return Symptom("fault", code, values)


def moved(system: str, trouble: Trouble) -> Symptom:
    """Return the fault of a system whose address redirects elsewhere; redirects are not followed."""
    return fault("moved", system=system, host=trouble.moved_to, status=trouble.status)
