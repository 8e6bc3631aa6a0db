"""Findings of the doctor in words, from `doctor.yml`, in the language of the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from desk.symptoms import Level, Symptom
from web.language import said


@dataclass(frozen=True)
class ToldSymptom:
    """A finding as people read it; `mend` is None when nothing is wrong."""

    level: Level
    code: str
    said: str
    mend: str | None


def told(symptom: Symptom, zone: ZoneInfo) -> ToldSymptom:
    """Return the sentence and remedy of a finding, with times in `zone`."""
    words = doctor_words()[symptom.code]
    values = {name: _shown(value, zone) for name, value in symptom.values.items()}
    mend = said(words["mend"]).format(**values) if "mend" in words else None
    return ToldSymptom(symptom.level, symptom.code, said(words["said"]).format(**values), mend)


def _shown(value: Any, zone: ZoneInfo) -> Any:
    return f"{value.astimezone(zone):%d.%m.%Y %H:%M}" if isinstance(value, datetime) else value


@cache
def doctor_words() -> Mapping[str, Any]:
    """Return the sentences by code."""
    found: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "doctor.yml").read_text(encoding="utf-8"))
    return found
