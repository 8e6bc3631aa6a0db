"""What `flask doctor` finds: what works, what does not, and how to fix it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from desk.faults import Trouble

Level = Literal["good", "warning", "fault"]


@dataclass(frozen=True)
class Symptom:
    """One finding; `code` is that of its sentence and its remedy in `cli/doctor.yml`, `values` fill them in.

    A warning leaves the bot at work, a fault keeps it from something that the tables promise.
    """

    level: Level
    code: str
    values: Mapping[str, Any]


def good(code: str, **values: Any) -> Symptom:
    """What is well."""
    return Symptom("good", code, values)


def warning(code: str, **values: Any) -> Symptom:
    """What an admin should know."""
    return Symptom("warning", code, values)


def fault(code: str, **values: Any) -> Symptom:
    """What an admin must fix."""
    return Symptom("fault", code, values)


def moved(system: str, trouble: Trouble) -> Symptom:
    """A system whose address redirects elsewhere, which nobody follows."""
    return fault("moved", system=system, host=trouble.moved_to, status=trouble.status)
