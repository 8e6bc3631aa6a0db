"""Verbs that remember: the one seam through which the bot changes the world.

Each verb has a row in the ledger, unique by (delivery, rule, verb, n). Recorded as ended → the recorded result is
given back and nothing is done. Begun but not ended → the outcome is unknown: look in the other system first, and
wait until the earlier call is certainly over, whose effect may still come.
Otherwise: record "begun", act, record how it ended. The rule's mode is obeyed here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from config import Mode
from desk.clock import machine_now
from desk.faults import AbsentError, Dead, Fault, Later, LeaseLostError
from desk.gates import Refused
from desk.run import Run
from store import ledger, switches
from store.database import reading
from store.ledger import BEGUN, ENDED, FAILED, PUT_OFF, Entry, Standing, Step


@dataclass(frozen=True)
class Verb:
    """What is to be done: the rule that asks for it, its name, whom it touches and what should be afterwards.

    `possible` False: what it would act on does not exist (an issue that a mode kept from being made). `remote` False:
    it changes the bot's own rows alone, in one transaction, so that no call of it can still be under way.
    `is_warning`: to warn is all that it does, so it is done in the mode warn too. `courtesy`: where the other system
    refuses it, that is all, and what comes after it goes on. `unless` is asked right before it is
    done, for a reason not to. `stray` records an effect that came back to a run which owns nothing any more, so that it
    may be there twice (None: perhaps there is one), under a key of its own.
    """

    why: str
    name: str
    target: str | None
    intent: Any = None
    possible: bool = True
    remote: bool = True
    is_warning: bool = False
    courtesy: bool = False
    unless: Callable[[], str | None] = field(default=lambda: None, compare=False)
    stray: Callable[[sa.Connection, Done | None, str], None] = field(default=lambda *_: None, compare=False)


@dataclass(frozen=True)
class Done:
    """How a verb ended: `done`, `unchanged` (it was so already) or `refused` (it may not be); the result is JSON."""

    result: Any = None
    before: Any = None
    after: Any = None
    outcome: str = "done"
    reason: str | None = None
    target: str | None = None
    also: Callable[[sa.Connection], None] | None = field(default=None, compare=False)

    def row(self, verb: Verb) -> dict[str, Any]:
        """The columns of the ledger that this ends."""
        return {
            "outcome": self.outcome,
            "before": self.before,
            "after": verb.intent if self.after is None and self.outcome == "done" else self.after,
            "result": self.result,
            "reason": self.reason,
            "target": self.target or verb.target,
        }


Act = Callable[[], Done]
Find = Callable[[datetime], Done | None]


class Journal(Protocol):
    """Where verbs are done: for good, or as far as their first write (`is_dry`)."""

    is_dry: bool

    def do(self, verb: Verb, act: Act, find: Find | None = None) -> Any:
        """Do the verb once; its result, None when a mode or the circumstances kept it from being done.

        `find(begun_at)` looks for the effect of an earlier try whose outcome is unknown.
        """
        ...

    def has_done(self, verb: Verb) -> bool:
        """Whether an earlier run has done the verb: for those that are asked for by how things stand before them."""
        ...

    def record(self, what: Callable[[sa.Connection], None]) -> None:
        """Put something into the store at once that is no verb's: an alert."""
        ...


@dataclass(frozen=True)
class Warnings:
    """How an agent is warned of a verb, and how a warning is looked for whose outcome is unknown; None: a repeat has no
    second effect.
    """

    write: Callable[[Verb, str], None]
    find: Callable[[Verb], Find | None] = lambda _: None


class LedgerJournal:
    """The journal of a real run, in the ledger."""

    is_dry = False

    def __init__(
        self,
        engine: sa.Engine,
        run: Run,
        mode_of: Callable[[str], Mode],
        warnings: Warnings,
        settle: timedelta,
    ) -> None:
        """`settle`: how long after it was begun a call may still have its effect, if nobody saw it end."""
        self._engine = engine
        self._settle = settle
        self._run = run
        self._mode_of = mode_of
        self._warnings = warnings
        self._count: Counter[tuple[str, str]] = Counter()

    def do(self, verb: Verb, act: Act, find: Find | None = None) -> Any:
        """See `Journal.do`."""
        self._count[verb.why, verb.name] += 1
        step = self._step(verb)
        mode = self._mode_of(verb.why)
        try:
            with self._engine.begin() as connection:
                standing = ledger.standing(connection, step)
                entry = standing.entry
                if entry is not None and entry.outcome in ENDED:
                    return entry.result
                self._check(standing)
                number = ledger.begin(connection, entry, step, {"mode": mode, "target": verb.target}, machine_now())
        except sa.exc.IntegrityError as error:  # another run has begun it at the same moment
            raise LeaseLostError(self._run.label) from error
        try:
            sought = find if _acts(mode, verb) else self._warnings.find(verb)
            done = self._act(number, mode, verb, act, self._unknown(verb, entry, sought))
        except AbsentError as absent:
            done = Done(outcome="refused", reason=str(absent))
        self._end(number, verb, done)
        return done.result

    def _end(self, entry: int, verb: Verb, done: Done) -> None:
        """Record the end; where the delivery is another's by now, the effect is recorded as one too many, perhaps."""
        with self._engine.begin() as connection:
            mine = ledger.end(connection, entry, self._run.token, done.row(verb), machine_now())
            if mine and done.also:
                done.also(connection)
            if not mine and done.outcome == "done":
                verb.stray(connection, done, self._key(entry))
        if not mine:
            raise LeaseLostError(self._run.label)

    def _key(self, entry: int) -> str:
        return f"{entry}:{self._run.token}"

    def has_done(self, verb: Verb) -> bool:
        """See `Journal.has_done`."""
        with reading(self._engine) as connection:
            entry = ledger.standing(connection, self._step(verb, ahead=1)).entry
        return entry is not None and entry.outcome in ENDED

    def record(self, what: Callable[[sa.Connection], None]) -> None:
        """See `Journal.record`."""
        with self._engine.begin() as connection:
            what(connection)

    def _step(self, verb: Verb, ahead: int = 0) -> Step:
        return Step(self._run.delivery, verb.why, verb.name, self._count[verb.why, verb.name] + ahead)

    def _check(self, standing: Standing) -> None:
        if self._run.stopping() or standing.owner != self._run.token:
            raise LeaseLostError(self._run.label)
        if standing.paused:
            raise Later("all effects are paused", system=switches.EFFECTS, no_effect=True)

    def _unknown(self, verb: Verb, entry: Entry | None, find: Find | None) -> Callable[[], Done | None] | None:
        """How to look for the effect of an earlier try, where there was one and nobody knows what became of it."""
        if entry is None or entry.outcome != BEGUN or find is None:
            return None
        settle = self._settle if verb.remote else timedelta(0)
        return lambda: self._look(entry, find, entry.begun_at + settle)

    def _act(self, entry: int, mode: Mode, verb: Verb, act: Act, look: Callable[[], Done | None] | None) -> Done:
        if mode == "off":
            return Done(outcome="off")
        if mode == "observe" or not verb.possible:
            return Done(outcome="observed", after=verb.intent)
        found = look() if look else None
        if found is not None:
            return found
        try:
            if not _acts(mode, verb):
                self._warnings.write(verb, f"{self._run.label}:{entry}")
                return Done(outcome="warned", after=verb.intent)
            stop = verb.unless()
            return done_or_refused(verb, act) if stop is None else Done(outcome="unchanged", reason=stop)
        except Fault as fault:
            self._record(entry, verb, fault)
            raise

    def _look(self, entry: Entry, find: Find, over: datetime) -> Done | None:
        """Look for the effect of an earlier try; without one the next try begins now, for whoever must look again.

        A fault of the look itself changes nothing: what was unknown still is.
        """
        found = find(entry.begun_at)
        if found is None:
            if entry.reason is None and machine_now() < over:
                raise Later(f"{self._run.label}: an earlier call may still be under way", at=over)
            with self._engine.begin() as connection:
                mine = ledger.begin_again(connection, entry.id, self._run.token, machine_now())
            if not mine:
                raise LeaseLostError(self._run.label)
        return found

    def _record(self, entry: int, verb: Verb, fault: Fault) -> None:
        """A call that certainly had no effect is begun anew the next time, without looking for one."""
        outcome = FAILED if isinstance(fault, Dead) else PUT_OFF
        with self._engine.begin() as connection:
            if fault.no_effect:
                ending = {"outcome": outcome, "reason": fault.reason}
                ledger.end(connection, entry, self._run.token, ending, machine_now())
            elif not ledger.failed(connection, entry, self._run.token, fault.reason):
                verb.stray(connection, None, self._key(entry))


def _acts(mode: Mode, verb: Verb) -> bool:
    return mode == "act" or verb.is_warning


def done_or_refused(verb: Verb, act: Act) -> Done:
    """How it ends when it is done; a courtesy may be refused."""
    try:
        return act()
    except Refused as refused:
        if not verb.courtesy:
            raise
        return Done(outcome="refused", reason=refused.reason)
