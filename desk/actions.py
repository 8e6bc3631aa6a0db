"""Actions: the common form of everything the bot does, to another system or to its own rows.

An action has a row in the ledger, unique by (delivery, rule, name, target, n), where `n` counts repeats with the same
target. If it is recorded as ended, the recorded result is returned and nothing is done. If it was begun but not ended,
its outcome is unknown: look in the other system first, and wait until the earlier call can no longer take effect.
Otherwise: record "begun", act, record how it ended. Only the ledger enforces the rule's mode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from config import Mode
from desk.circuit_breaker import Refused

T = TypeVar("T")
OWN = "own"  # in place of a rule: the bot's own duty, which is always done
Rows = Callable[[sa.Connection], object]
"""Writes the bot's own rows, in the transaction that it is given."""


@dataclass(frozen=True)
class Result:
    """How an action ended: `done`, `unchanged` (nothing to do) or `refused` (not allowed); `value` is JSON.

    `before` and `after` of a done action default to the action's own. `rows` are written in the transaction that
    records the end.
    """

    value: Any = None
    before: Any = None
    after: Any = None
    outcome: str = "done"
    reason: str | None = None
    target: str | None = None
    rows: Rows | None = field(default=None, compare=False)

    def row(self, action: Action) -> dict[str, object]:
        """Return the ledger columns that record this end."""
        done = self.outcome == "done"
        return {
            "outcome": self.outcome,
            "before": action.before if self.before is None and done else self.before,
            "after": action.intent if self.after is None and done else self.after,
            "result": self.value,
            "reason": self.reason,
            "target": self.target or action.target,
        }


@dataclass(frozen=True)
class Action:
    """Something to do: the rule that requires it, its name, its target, the values before and after.

    `possible=False`: its target does not exist (an issue that a mode kept from being made). `is_warning`: it only
    warns, so it is done in mode `warn` too. `courtesy`: if the other system refuses it, the run continues. `already` is
    called right before the action begins and may find that there is nothing to do: it returns the result, or the
    reason. `stray` records an effect that came back to a run which no longer owns its delivery and that may therefore
    exist twice (`None`: it is not known whether there is one), under a key of its own.
    """

    why: str
    name: str
    target: str | None
    intent: Any = None
    possible: bool = True
    before: Any = None
    is_warning: bool = False
    courtesy: bool = False
    already: Callable[[], Result | str | None] = field(default=lambda: None, compare=False)
    stray: Callable[[sa.Connection, Result | None, str], None] = field(default=lambda *_: None, compare=False)

    def stands(self) -> Result | None:
        """Return the result if there is nothing to do; `None` if the action is to be done."""
        found = self.already()
        return Result(outcome="unchanged", reason=found) if isinstance(found, str) else found


Find = Callable[[datetime], T | None]
"""Looks for the effect of an earlier try, begun at a moment, whose outcome is unknown."""


@dataclass(frozen=True)
class Warnings:
    """How an agent is warned of an action, and how to look for a warning whose outcome is unknown.

    `find` returns `None` where a repeat has no second effect.
    """

    write: Callable[[Action, str], None]
    find: Callable[[Action], Find[Result] | None] = lambda _: None


def acts(mode: Mode, action: Action) -> bool:
    """Whether a mode allows an action."""
    return mode == "act" or (mode == "warn" and action.is_warning)


def as_result(given: T | Result, result: Callable[[T], Result]) -> Result:
    """Return `given` if it is a `Result`, otherwise the result that `result` makes of it."""
    return given if isinstance(given, Result) else result(given)


def done_or_refused(action: Action, act: Callable[[], T]) -> T | Result:
    """Do the action and return what it gives; a refused courtesy becomes a `Result`."""
    try:
        return act()
    except Refused as refused:
        if not action.courtesy:
            raise
        return Result(outcome="refused", reason=refused.reason)


def decided(mode: Mode, action: Action, *, settled: bool) -> Result | None:
    """Return how an action ends without being begun; `settled`: no earlier try can have had an effect."""
    if mode == "off":
        return Result(outcome="off")
    if mode == "observe" or not action.possible:
        return Result(outcome="observed", after=action.intent)
    return action.stands() if settled and acts(mode, action) else None
