"""`doctor`: reports what is wrong with the whole installation, and what to do about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import yaml

from cli.mending import mend
from cli.words import say
from desk.symptoms import Symptom
from runtime.checkup import check_up
from runtime.process import Process
from web.times import zone_of

MARKS = {"good": "✓", "warning": "!", "fault": "✗"}


def doctor(process: Process, *, as_json: bool, fix: bool = False, agreed: bool = False, tell: bool = False) -> None:
    """Print every symptom with its remedy; exit with status 1 when there is a fault.

    With `tell`, every chat and mailbox gets a test message. With `fix`, what the bot can repair is repaired after
    somebody agrees (`agreed`: has agreed already), and everything is checked again.
    """
    config = process.effective_config.current()
    if fix and mend(process, config, list(check_up(process)), agreed=agreed):
        click.echo(say("mended"))
    symptoms, zone = list(check_up(process, tell=tell)), zone_of(process.reloader.current())
    told = [_told(symptom, zone) for symptom in symptoms]
    click.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else _text(told))
    if any(symptom.level == "fault" for symptom in symptoms):
        raise click.exceptions.Exit(1)


def _text(told: Sequence[Mapping[str, str | None]]) -> str:
    lines = []
    for one in told:
        lines += [f"{MARKS[str(one['level'])]} {one['said']}", *([f"    {one['mend']}"] if one["mend"] else [])]
    counts = Counter(one["level"] for one in told)
    bad = {"faults": counts["fault"], "warnings": counts["warning"]}
    last = _words()["unwell"].format(**bad) if any(bad.values()) else _words()["well"]
    return "\n".join([*lines, "", last])


def _told(symptom: Symptom, zone: ZoneInfo) -> dict[str, str | None]:
    """Return a symptom's sentence and its remedy; a good symptom has none."""
    words = _words()[symptom.code]
    values = {name: _shown(value, zone) for name, value in symptom.values.items()}
    mend = words["mend"].format(**values) if "mend" in words else None
    return {"level": symptom.level, "code": symptom.code, "said": words["said"].format(**values), "mend": mend}


def _shown(value: Any, zone: ZoneInfo) -> Any:
    return f"{value.astimezone(zone):%d.%m.%Y %H:%M}" if isinstance(value, datetime) else value


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "doctor.yml").read_text(encoding="utf-8"))
    return found
