"""What a closing would break, for the CRM that asks by `/api/closing-check` and for the agent who looks first."""

from __future__ import annotations

from typing import Any

from config import Config
from config.resolutions import ResolutionRow
from events import TicketEvent
from handlers.closing_checks import check_closing
from handlers.closing_checks.words import told
from web.agent.closing import others_of
from web.parts import Parts


def checked(event: TicketEvent, parts: Parts) -> dict[str, Any]:
    """Return the rules that it would break, those that could not be judged, the advised resolution, the numbers."""
    process = parts.process
    config, note = process.effective_config.current().at(process.clock.now()), process.factory.templates.note
    with process.engine.connect() as connection:
        others = others_of(connection, event, config)
    result = check_closing(event, config, others)
    violations = []
    for found in result.violations:
        text, suggest = told(found, note)
        words = {"text": text, "quote": config.rules.rules[found.rule].said, "suggest": suggest}
        violations.append({"rule": found.rule, "severity": found.severity, **words})
    return {
        "violations": violations,
        "unknown": [{"rule": one.rule, "missing": list(one.missing)} for one in result.unknown],
        "advice": _advised(result.advice, config),
        "numbers": {name: list(found) for name, found in result.numbers.items()},
    }


def _advised(row: ResolutionRow | None, config: Config) -> dict[str, Any] | None:
    """Return the advice for the CRM: the resolution as the manual spells it, and the rule."""
    if row is None or row.resolution not in config.categories.resolutions:
        return None
    name = config.categories.resolutions[row.resolution].name
    return {"resolution": name, "why": row.rule, "row": row.row, "escalate": row.escalate}
