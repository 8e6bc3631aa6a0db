"""`doctor`: reports what is wrong with the whole installation, and what to do about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from cli.mending import mend
from cli.words import say
from runtime.checkup import check_up
from runtime.process import Process
from web.times import zone_of
from web.told_symptoms import ToldSymptom, doctor_words, told

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
    findings = [told(symptom, zone) for symptom in symptoms]
    click.echo(json.dumps(list(map(asdict, findings)), ensure_ascii=False, indent=2) if as_json else _text(findings))
    if any(symptom.level == "fault" for symptom in symptoms):
        raise click.exceptions.Exit(1)


def _text(findings: Sequence[ToldSymptom]) -> str:
    lines = []
    for one in findings:
        lines += [f"{MARKS[one.level]} {one.said}", *([f"    {one.mend}"] if one.mend else [])]
    counts = Counter(one.level for one in findings)
    bad = {"faults": counts["fault"], "warnings": counts["warning"]}
    last = doctor_words()["unwell"].format(**bad) if any(bad.values()) else doctor_words()["well"]
    return "\n".join([*lines, "", last])
