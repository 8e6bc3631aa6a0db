"""What a check tells the agent, from `crm_templates/notes.yml`: what is wrong, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable

from handlers.closing_checks.table import Violation


def told(found: Violation, note: Callable[..., str]) -> tuple[str, str]:
    """Return the text and the suggestion of a violation."""
    name = found.rule.lower().replace("-", "")
    return note(f"check_{name}", **found.values), note(f"suggest_{name}", **found.values)
