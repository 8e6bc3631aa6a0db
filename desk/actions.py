"""Actions: the one shape of everything that the bot does, to another system or to its own rows.

An action has a row in the ledger, unique by (delivery, rule, name, target, n), `n` only where the same target is meant
twice. Recorded as ended → the recorded result is given back and nothing is done. Begun but not ended → the outcome is
unknown: look in the other system first, and wait until the earlier call is certainly over, whose effect may still come.
Otherwise: record "begun", act, record how it ended. The rule's mode is obeyed in the ledger and nowhere else.
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
OWN = "own"  # in the place of a rule: the bot's own duty, which is always done
Rows = Callable[[sa.Connection], object]
"""Writes the bot's own rows, in the transaction that it is given."""


@dataclass(frozen=True)
class Result:
    """How an action ended: `done`, `unchanged` (it was so already) or `refused` (it may not be); `value` is JSON.

    `before` and `after` None: what the action says. `rows` are written together with the end.
    """

    value: Any = None
    before: Any = None
    after: Any = None
    outcome: str = "done"
    reason: str | None = None
    target: str | None = None
    rows: Rows | None = field(default=None, compare=False)

    def row(self, action: Action) -> dict[str, object]:
        """The columns of the ledger that this ends."""
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
    """What is to be done: the rule that asks for it, its name, whom it touches, what was before and should be after.

    `possible` False: what it would act on does not exist (an issue that a mode kept from being made).
    `is_warning`: to warn is all that it does, so it is done in the mode warn too. `courtesy`: where the other system
    refuses it, that is all, and what comes after it goes on. `already`: a look, right before it is begun, that may find
    that nothing is to be done: how it stands, or why not. `stray` records an effect that came back to a run which owns
    nothing any more, so that it may be there twice (None: perhaps there is one), under a key of its own.
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
        """How it stands already; None: it is to be done."""
        found = self.already()
        return Result(outcome="unchanged", reason=found) if isinstance(found, str) else found


Find = Callable[[datetime], T | None]
"""Looks for the effect of an earlier try, begun at a moment, whose outcome is unknown."""


@dataclass(frozen=True)
class Warnings:
    """How an agent is warned of an action, and how a warning is looked for whose outcome is unknown; None: a repeat has
    no second effect.
    """

    write: Callable[[Action, str], None]
    find: Callable[[Action], Find[Result] | None] = lambda _: None


def acts(mode: Mode, action: Action) -> bool:
    """Whether a mode lets an action be done."""
    return mode == "act" or (mode == "warn" and action.is_warning)


def as_result(given: T | Result, result: Callable[[T], Result]) -> Result:
    """The result of what an action gave."""
    return given if isinstance(given, Result) else result(given)


def done_or_refused(action: Action, act: Callable[[], T]) -> T | Result:
    """What it gives when it is done; a courtesy may be refused."""
    try:
        return act()
    except Refused as refused:
        if not action.courtesy:
            raise
        return Result(outcome="refused", reason=refused.reason)


def decided(mode: Mode, action: Action, *, settled: bool) -> Result | None:
    """How an action ends without being begun; `settled`: no earlier try may have had its effect."""
    if mode == "off":
        return Result(outcome="off")
    if mode == "observe" or not action.possible:
        return Result(outcome="observed", after=action.intent)
    return action.stands() if settled and acts(mode, action) else None
