"""The journal of a dry run: each verb asks all that it would ask, and ends where it would write.

What is never written cannot be seen by the verbs after it: they go on without the issue, the hold, the request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from config import Mode
from desk.faults import AbsentError, WouldWriteError
from desk.journal import Act, Done, Find, Verb, done_or_refused
from store.ledger import Recorded

_IN_OTHER_MODES = {"warn": "would warn", "observe": "would record", "off": "off"}


class DryJournal:
    """Writes down how each verb would end, and lets nothing last.

    `done`: what the ledger of the delivery has as done; a run would not do it again, and goes on with its result.
    """

    is_dry = True

    def __init__(self, mode_of: Callable[[str], Mode], done: Recorded | None = None) -> None:
        self._mode_of = mode_of
        self._done = done or {}
        self._count: Counter[tuple[str, str]] = Counter()
        self._would_write = False  # so that something may be missing which a run would find
        self.lines: list[dict[str, Any]] = []

    def do(self, verb: Verb, act: Act, find: Find | None = None) -> Any:
        """Note how it would end; its result as far as a look, or the ledger, tells it."""
        key = (verb.why, verb.name)
        self._count[key] += 1
        step, mode = (*key, self._count[key]), self._mode_of(verb.why)
        done = Done(self._done[step], outcome="done already") if step in self._done else self._tried(mode, verb, act)
        row = done.row(verb)
        after = verb.intent if row["after"] is None else row["after"]
        self.lines.append(
            {"rule": verb.why, "verb": verb.name, "target": row["target"], "mode": mode}
            | {"outcome": done.outcome, "after": after, "reason": done.reason}
        )
        return done.result

    def _tried(self, mode: Mode, verb: Verb, act: Act) -> Done:
        missing = not verb.possible and not self._would_write
        if mode != "off" and missing:
            mode = "observe"
        if mode in ("off", "observe") or (mode == "warn" and not verb.is_warning):
            return Done(outcome=_IN_OTHER_MODES[mode])
        stop = verb.unless()
        if stop is not None:
            return Done(outcome="unchanged", reason=stop)
        if not verb.possible and verb.remote:
            return Done(outcome="would do")  # nobody can look at what is not there yet
        try:
            done = done_or_refused(verb, act)
        except AbsentError as absent:
            return Done(outcome="refused", reason=str(absent))
        except WouldWriteError:
            done = Done()
        if done.outcome != "done":
            return done
        self._would_write = True
        return Done(done.result, target=done.target, outcome="would do", reason=done.reason)

    def has_done(self, verb: Verb) -> bool:
        """See `Journal.has_done`."""
        return (verb.why, verb.name, self._count[verb.why, verb.name] + 1) in self._done

    def record(self, what: Callable[[sa.Connection], None]) -> None:
        """Nothing goes into the store."""
