"""The rules that a closing breaks, reported before the button is pressed (R-53), by the tables of `resolutions.yml`.

The same evaluation serves `POST /api/closing-check`, the events of a closing, and the agent's card.
"""

from __future__ import annotations

from config import Config
from desk.known_tickets import plain
from events import TicketEvent
from handlers.closing_checks import choosing, escalations, inside, no_answer, spam_and_duplicates, topics
from handlers.closing_checks.advice import advise
from handlers.closing_checks.facts import Facts, Others
from handlers.closing_checks.table import Check, CheckResult, Unknown, Violation, look

__all__ = ["TABLE", "CheckResult", "Facts", "Others", "Unknown", "Violation", "check_closing", "named"]

_MODULES = (escalations, inside, topics, no_answer, choosing, spam_and_duplicates)
_CHAPTERS = "WR"  # the order of the manuals
_CHECKS = [check for module in _MODULES for check in module.CHECKS]
_NONE: Others = {}
TABLE: tuple[Check, ...] = tuple(sorted(_CHECKS, key=lambda one: (_CHAPTERS.index(one.rule[0]), one.rule)))


def named(event: TicketEvent, config: Config) -> list[str]:
    """Return the numbers of other tickets that the checks need: the original's, and the one in a merge notice."""
    facts = Facts(event, config)
    told = facts.notice.number if facts.notice else None
    return list(dict.fromkeys(filter(None, (plain(event.closing.duplicate_of), told))))


def check_closing(event: TicketEvent, config: Config, others: Others = _NONE) -> CheckResult:
    """Return the rules that this closing breaks, those that could not be checked, and what the manual advises (T-5).

    `others`: what is known of the tickets that `named` returns (R-43, R-44, W-16).
    """
    facts = Facts(event, config, others)
    found = list(look(TABLE, facts))
    return CheckResult(
        violations=tuple(one for one in found if isinstance(one, Violation)),
        unknown=tuple(one for one in found if isinstance(one, Unknown)),
        advice=advise(facts),
        numbers=facts.numbers,
    )
