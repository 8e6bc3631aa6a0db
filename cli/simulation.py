"""`simulate`: what the bot would do about one event body, without doing it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

import click

from cli.words import columns, say, table
from config import Config
from desk.faults import Fault
from events import Event
from handlers import PROCEDURES
from receivers import jira, jira_events, webcrm_events
from receivers.body import parse
from receivers.refusal import Refusal
from runtime.process import Process
from web.words import verb, word


@dataclass
class Rehearsal:
    """What became clear of an event; `steps` are the lines of the dry run's journal."""

    type: str
    case: str
    event: Event | None
    ignored: str | None = None
    warnings: tuple[str, ...] = ()
    steps: list[dict[str, Any]] = field(default_factory=list)
    stopped: str | None = None


def simulate(process: Process, file: IO[bytes], *, as_json: bool) -> None:
    """Read one body (a neutral WebCRM event, or a Jira webhook), run its procedures on paper, print the steps."""
    config = process.watch.current()
    try:
        found = understand(parse(file.read()), config)
    except Refusal as refusal:
        path = f"{refusal.path}: " if refusal.path else ""
        raise click.ClickException(
            say("malformed", name=getattr(file, "name", "-"), path=path, problem=refusal.problem, fix=refusal.fix)
        ) from None
    rehearse(found, process, config)
    click.echo(_as_json(found) if as_json else "\n".join(_as_text(found)))
    if found.stopped:
        raise click.exceptions.Exit(1)


def understand(document: dict[str, Any], config: Config) -> Rehearsal:
    """Parse a body as the receiver of its sender would. Raises Refusal."""
    if "webhookEvent" in document:
        of_jira = jira_events.parse(document, jira.places(config), datetime.now(UTC))
        return Rehearsal(of_jira.type, of_jira.case, of_jira.event, of_jira.ignored)
    of_crm = webcrm_events.parse(document)
    return Rehearsal(of_crm.type, of_crm.case, of_crm.event, of_crm.ignored, of_crm.warnings)


def rehearse(found: Rehearsal, process: Process, config: Config) -> None:
    """Run the procedures at a desk that only writes down; look-ups in Jira and the CRM are real."""
    if found.event is None:
        return
    desk, journal = process.office.dry(config, f"simulate/{found.case}")
    found.steps = journal.lines
    try:
        for procedure in PROCEDURES.get(found.type, ()):
            procedure(found.event, desk)
    except Fault as fault:
        found.stopped = fault.reason


def _as_text(found: Rehearsal) -> list[str]:
    lines = [say("case", type=found.type, case=found.case)]
    lines += [say("warning", text=text) for text in found.warnings]
    if found.event is None:
        return [*lines, say("ignored", reason=found.ignored)]
    if found.type not in PROCEDURES:
        return [*lines, say("unwanted")]
    if found.steps:
        lines.append(table(columns("columns"), map(_row, found.steps)))
    elif not found.stopped:
        lines.append(say("nothing"))
    return [*lines, say("stopped", reason=found.stopped)] if found.stopped else lines


def _row(step: dict[str, Any]) -> dict[str, str]:
    after = step["after"]
    return {
        "rule": step["rule"],
        "mode": step["mode"],
        "outcome": word("outcomes", step["outcome"]),
        "verb": verb(step["verb"]),
        "target": step["target"] or "",
        "after": after if isinstance(after, str) else json.dumps(after, ensure_ascii=False, default=str),
    }


def _as_json(found: Rehearsal) -> str:
    answer = {
        "type": found.type,
        "case": found.case,
        "ignored": found.ignored,
        "warnings": list(found.warnings),
        "steps": found.steps,
        "stopped": found.stopped,
    }
    return json.dumps(answer, ensure_ascii=False, indent=2, default=str)
