"""Checks of the chosen resolution (R-06, R-14, R-17…R-28, R-45, R-46, R-50)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handlers.closing_checks.facts import Facts
from handlers.closing_checks.table import Check


def _says(circumstance: str) -> Callable[[Facts], bool]:
    return lambda facts: circumstance in facts.circumstances


def is_documents_task(facts: Facts) -> bool:
    """A legal entity's task about documents: «Не решено», whatever its kind of answer (R-18, R-23)."""
    return facts.about_documents and facts.ticket.client.is_legal_entity is True


def _informs(facts: Facts) -> bool:
    return facts.has_task and facts.closing.answer_required is False


def task_informs(facts: Facts) -> bool:
    """The task only passes information on, so no answer will come (R-17)."""
    return _informs(facts) and not is_documents_task(facts)


def _answer_will_follow(facts: Facts) -> bool:
    ticked = bool(facts.closing.create_jira) and facts.closing.answer_required is not False
    return ticked and not is_documents_task(facts)


def _answer_is_awaited(facts: Facts) -> bool:
    there = facts.ticket.jira_key is not None and facts.closing.answer_required is True
    return there and not is_documents_task(facts) and "solved_at_once" not in facts.circumstances


def _no_next_step(facts: Facts) -> bool:
    planned = facts.has_task or facts.escalates or facts.question is not None or facts.pair is not None
    return not planned and facts.incident is None  # the owner is told when a mass failure ends


def is_mass_failure(facts: Facts) -> bool:
    """The agent says so, or the ticket belongs to one that a lead has opened (R-24)."""
    return facts.incident is not None or "mass_failure" in facts.circumstances


def _failure(facts: Facts) -> Mapping[str, Any]:
    return (
        {"failure": facts.incident.name, "key": facts.incident.issue_key}
        if facts.incident
        else {"failure": "", "key": ""}
    )


CHECKS = (
    Check("R-06", lambda facts: facts.escalates and not facts.noted),
    Check("R-14", _says("impossible")),
    Check("R-17", task_informs),
    Check(
        "R-18", is_documents_task, when=lambda facts: facts.about_documents and _informs(facts),
        needs=("ticket.client.is_legal_entity",),
    ),
    Check("R-19", _says("test")),
    Check("R-20", _says("settled")),
    Check("R-21", _answer_will_follow),
    Check("R-22", _answer_is_awaited),
    Check(
        "R-23", is_documents_task, when=lambda facts: facts.about_documents and not _informs(facts),
        needs=("ticket.client.is_legal_entity",),
    ),
    Check("R-24", is_mass_failure, values=_failure),
    Check("R-25", lambda facts: facts.mandatory),
    Check("R-26", _says("payout_data")),
    Check("R-27", _says("repeated")),
    Check("R-28", _says("bank")),
    Check("R-45", lambda facts: facts.closing.hold is not None),
    Check("R-46", _no_next_step),
    Check("R-50", lambda facts: facts.escalates and facts.resolution != "not_solved", needs=("closing.resolution",)),
)  # fmt: skip
