"""Which resolution the manual advises for a closing: the first matching row of T-5."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from config.resolutions import Condition, ResolutionRow
from desk.known_tickets import names_another, plain
from handlers.closing_checks.choosing import is_documents_task, is_mass_failure, task_informs
from handlers.closing_checks.facts import Facts
from handlers.closing_checks.no_answer import needs_no_answer
from handlers.closing_checks.spam_and_duplicates import is_business, is_unlinked


def advise(facts: Facts) -> ResolutionRow | None:
    """Return the first row of T-5 that holds, without rows whose rule is off; None when no row holds."""
    return next((row for row in facts.config.resolutions.advice if _holds(row, facts)), None)


def _holds(row: ResolutionRow, facts: Facts) -> bool:
    rule = facts.config.rules.rules[row.rule]
    if rule.built and facts.config.rules.mode(row.rule) == "off":
        return False
    if row.audiences and facts.audience not in row.audiences:
        return False
    here = not row.channels or facts.kind.lies_in(row.channels) is True
    elsewhere = not row.besides or facts.kind.lies_in(row.besides) is False
    return here and elsewhere and CONDITIONS[row.when](facts)


def _is_spam(facts: Facts) -> bool:
    return "spam" in facts.said.told | facts.said.seems and not is_business(facts)


def _is_duplicate(facts: Facts) -> bool:
    """Return True when the agent names the original, or chose the resolution of a duplicate without naming one."""
    number = facts.closing.duplicate_of
    return names_another(number, facts.ticket.id) or (not plain(number) and facts.resolution == "duplicate")


def _unlinked_letter(facts: Facts) -> bool:
    return facts.kind.channel == "email" and is_unlinked(facts)


def _solved_at_once(facts: Facts) -> bool:
    return facts.has_task and "solved_at_once" in facts.circumstances


def _consulted(facts: Facts) -> bool:
    solved = bool(facts.circumstances & {"impossible", "settled"})
    return solved or (facts.answered and not facts.mandatory)


def _says(circumstance: str) -> Callable[[Facts], bool]:
    return lambda facts: circumstance in facts.circumstances


CONDITIONS: Mapping[Condition, Callable[[Facts], bool]] = {
    "spam": _is_spam,
    "test": _says("test"),
    "duplicate": lambda facts: _is_duplicate(facts) and not _unlinked_letter(facts),
    "duplicate_unlinked": lambda facts: _is_duplicate(facts) and _unlinked_letter(facts),
    "no_contact": needs_no_answer,
    "documents_task": is_documents_task,
    "mass_failure": is_mass_failure,
    "solved_at_once": _solved_at_once,
    "task_with_answer": lambda facts: facts.has_task and facts.closing.answer_required is not False,
    "task_informs": task_informs,
    "question_open": lambda facts: facts.mandatory,
    "payout_data": _says("payout_data"),
    "repeated": _says("repeated"),
    "bank": _says("bank"),
    "consulted": _consulted,
    "handed_over": lambda facts: facts.escalates,
}
