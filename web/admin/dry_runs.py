"""Dry runs for pages: of a stored delivery, or of a body that was pasted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import render_template

from desk.clock import machine_now
from events import load_event
from handlers import PROCEDURES
from runtime.dry_run import DryRun, Understood, run_dry
from store import deliveries, ledger
from web.parts import Parts, UnreadableError
from web.shown import View
from web.words import verb, word


@dataclass(frozen=True)
class DryRunLine:
    """One action that would be done."""

    rule: str
    quote: str
    verb: str
    target: str
    mode: str
    outcome: str
    kind: str
    after: str


@dataclass(frozen=True)
class ShownDryRun:
    """A dry run for a page; `note`: why there is nothing to do, or why it stopped; `fault`: it stopped."""

    type_words: str
    case: str
    lines: list[DryRunLine]
    note: str | None
    fault: bool
    warnings: tuple[str, ...]


def of_delivery(parts: Parts, number: int) -> ShownDryRun | None:
    """What the bot would do now about a stored delivery, beyond what its ledger has as done; None: there is none."""
    with parts.process.engine.connect() as connection:
        row = deliveries.get(connection, number)
        done = ledger.recorded(connection, number)
    if row is None:
        return None
    try:
        event = load_event(row.event) if row.event else None
    except ValueError:
        event = None
    understood = Understood(row.type, row.case_id, event, None if event else "no event is kept")
    config = parts.process.effective_config.current()
    return _shown(parts, understood, run_dry(parts.process.factory, config, understood, done))


def of_body(parts: Parts, text: str) -> ShownDryRun | str:
    """The same for a body; a text says why it cannot be read."""
    config = parts.process.effective_config.current()
    try:
        understood = parts.read(text.encode(), config)
    except UnreadableError as error:
        return str(error)
    return _shown(parts, understood, run_dry(parts.process.factory, config, understood))


def fragment(found: ShownDryRun) -> str:
    """The dry run as a piece of a page."""
    return render_template("dry_run.html", dry_run=found)


def _shown(parts: Parts, understood: Understood, found: DryRun) -> ShownDryRun:
    note = found.stopped
    if note is None and understood.event is None:
        note = understood.ignored
    elif note is None and understood.type not in PROCEDURES:
        note = "no procedure wants this event"
    elif note is None and not found.steps:
        note = "nothing to do"
    return ShownDryRun(
        type_words=word("types", understood.type),
        case=understood.case,
        lines=list(_lines(parts, found.steps)),
        note=word("reasons", parts.redact(note)) if note else None,
        fault=found.stopped is not None,
        warnings=understood.warnings,
    )


def _lines(parts: Parts, steps: Iterable[dict[str, Any]]) -> Iterable[DryRunLine]:
    config = parts.process.effective_config.current()
    rules, view = config.rules.rules, View(parts, config, machine_now())
    for step in steps:
        rule = rules.get(step["rule"])
        yield DryRunLine(
            rule=step["rule"] if rule else "",
            quote=rule.said if rule else word("own", "rule"),
            verb=verb(step["verb"]),
            target=str(parts.redact(step["target"] or "")),
            mode=word("modes", step["mode"]),
            outcome=word("outcomes", step["outcome"]),
            kind=step["outcome"],
            after=view.left(step["verb"], step["after"]),
        )
