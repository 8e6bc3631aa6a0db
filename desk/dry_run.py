"""The ledger of a dry run: each action makes its look-ups and stops at its first write.

Later actions cannot see what was never written: they run without the issue, the hold or the request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from config import Mode
from desk.action_ledger import ActionLedger
from desk.actions import OWN, Action, Find, Result, Rows, acts, as_result, done_or_refused
from desk.faults import AbsentError, WouldWriteError
from store.ledger import ENDED, Recorded

T = TypeVar("T")
_IN_OTHER_MODES = {"warn": "would warn", "observe": "would record", "off": "off"}


class DryLedger(ActionLedger):
    """Notes how each action would end, without lasting effects.

    `known`: the delivery's rows in the ledger; a run would not repeat what has ended, but would use its value.
    """

    is_dry = True

    def __init__(
        self, engine: sa.Engine, label: str, mode_of: Callable[[str], Mode], known: Recorded | None = None
    ) -> None:
        super().__init__(label, known or {})
        self._engine = engine
        self._mode_of = mode_of
        self._would_write = False  # later look-ups may then miss what a real run would find
        self.lines: list[dict[str, Any]] = []

    def do(
        self,
        action: Action,
        act: Callable[[], T | Result],
        find: Find[T] | None = None,
        result: Callable[[T], Result] = lambda _: Result(),
    ) -> Any:
        """Note how the action would end; return its value as far as a look-up or the ledger provides it."""
        return self._note(action, lambda: as_result(done_or_refused(action, act), result), others=True)

    def write(self, action: Action, rows: Rows) -> Any:
        """Do the same for the bot's own rows: they are written and rolled back."""

        def act() -> Result:
            with self._engine.connect() as connection:
                given = rows(connection)
                connection.rollback()
            return given if isinstance(given, Result) else Result()

        return self._note(action, act, others=False)

    def _note(self, action: Action, act: Callable[[], Result], *, others: bool) -> Any:
        (_, entry), mode = self._identities.next(action), self._mode_of(action.why)
        ended = entry is not None and entry.outcome in ENDED
        done = (
            Result(entry.result, outcome="done already")
            if entry and ended
            else self._tried(mode, action, act, others=others)
        )
        row = done.row(action)
        after = action.intent if row["after"] is None else row["after"]
        self.lines.append(
            {"rule": action.why, "verb": action.name, "target": row["target"], "mode": mode}
            | {"outcome": done.outcome, "after": after, "reason": done.reason}
        )
        return done.value

    def _tried(self, mode: Mode, action: Action, act: Callable[[], Result], *, others: bool) -> Result:
        if mode != "off" and not action.possible and not self._would_write:
            mode = "observe"
        if not acts(mode, action):
            return Result(outcome=_IN_OTHER_MODES[mode])
        try:
            done = action.stands()
            if done is None and not action.possible and others:
                return Result(outcome="would do")  # its target does not exist yet, so nothing can be looked up
            done = done or act()
        except AbsentError as absent:
            return Result(outcome="refused", reason=str(absent))
        except WouldWriteError:
            done = Result()
        if done.outcome not in ("done", "warned"):
            return done
        # no later action depends on a warning or on the bot's own notes
        self._would_write |= done.outcome == "done" and action.why != OWN
        outcome = "would do" if done.outcome == "done" else _IN_OTHER_MODES["warn"]
        return Result(done.value, target=done.target, outcome=outcome, reason=done.reason)

    def record(self, rows: Rows) -> None:
        """Store nothing."""

    def settle(self) -> None:
        """Do nothing: no ends are pending."""

    def key(self, action: Action) -> str:
        """Return no key: nothing is sent."""
        return ""
