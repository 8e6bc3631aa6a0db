"""`simulate`: prints what the bot would do about one event, without doing it."""

from __future__ import annotations

import json
from typing import IO, Any

import click

from cli.words import columns, say, table
from handlers import PROCEDURES
from receivers.body import parse
from receivers.reading import understand
from receivers.refusal import Refusal
from runtime.dry_run import DryRun, Understood, run_dry
from runtime.process import Process
from web.words import verb, word


def simulate(process: Process, file: IO[bytes], *, as_json: bool) -> None:
    """Read one body (a neutral WebCRM event or a Jira webhook) and print what its procedures would do."""
    config = process.effective_config.current()
    try:
        understood = understand(parse(file.read()), config, process.settings.crms)
    except Refusal as refusal:
        path = f"{refusal.path}: " if refusal.path else ""
        raise click.ClickException(
            say("malformed", name=getattr(file, "name", "-"), path=path, problem=refusal.problem, fix=refusal.fix)
        ) from None
    found = run_dry(process.factory, config, understood)
    click.echo(_as_json(understood, found) if as_json else "\n".join(_as_text(understood, found)))
    if found.stopped:
        raise click.exceptions.Exit(1)


def _as_text(understood: Understood, found: DryRun) -> list[str]:
    lines = [say("case", type=understood.type, case=understood.case)]
    lines += [say("warning", text=text) for text in understood.warnings]
    if understood.event is None:
        return [*lines, say("ignored", reason=understood.ignored)]
    if understood.type not in PROCEDURES:
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


def _as_json(understood: Understood, found: DryRun) -> str:
    answer = {
        "type": understood.type,
        "case": understood.case,
        "ignored": understood.ignored,
        "warnings": list(understood.warnings),
        "steps": found.steps,
        "stopped": found.stopped,
    }
    return json.dumps(answer, ensure_ascii=False, indent=2, default=str)
