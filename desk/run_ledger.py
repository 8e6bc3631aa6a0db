"""The ledger of a real run.

The end of an action is written together with the beginning of the next one or the end of the run, and the delivery is
taken up with its first action. If a crash prevents an end from being written, the outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from config import Mode
from desk.action_ledger import ActionLedger
from desk.actions import (
    Action,
    Find,
    Result,
    Rows,
    Warnings,
    as_result,
    decided,
    done_or_refused,
)
from desk.clock import machine_now
from desk.ends import Ended, Ends, PendingAction
from desk.faults import AbsentError, ActionFault, Dead, Later, LeaseLostError
from desk.run import Run
from store import ledger, switches
from store.committer import Transactions
from store.ledger import BEGUN, FAILED, PUT_OFF, Entry

T = TypeVar("T")


class RunLedger(ActionLedger):
    """Does the actions of one run of a delivery.

    `settle`: how long after it was begun a call whose end nobody saw may still take effect.
    """

    is_dry = False

    def __init__(
        self,
        transactions: Transactions,
        run: Run,
        mode_of: Callable[[str], Mode],
        warnings: Warnings,
        settle: timedelta,
    ) -> None:
        super().__init__(run.label, run.known)
        self._transactions = transactions
        self._run = run
        self._mode_of = mode_of
        self._warnings = warnings
        self._settle = settle
        self._ends = Ends(run)

    def do(
        self,
        action: Action,
        act: Callable[[], T | Result],
        find: Find[T] | None = None,
        result: Callable[[T], Result] = lambda _: Result(),
    ) -> Any:
        """See `ActionLedger.do`."""
        pending = self._next(action)
        return pending.entry.result if pending.entry and pending.ended else self._do(pending, act, find, result)

    def _do(
        self,
        pending: PendingAction,
        act: Callable[[], T | Result],
        find: Find[T] | None = None,
        result: Callable[[T], Result] = lambda _: Result(),
    ) -> Any:
        number = None
        try:
            look = self._look_for(pending, find)
            done = decided(pending.mode, pending.action, settled=look is None)
            if done is None:
                number = self._begin(pending)
                done = self._done(number, pending, act, look, result)
        except AbsentError as absent:
            done = Result(outcome="refused", reason=str(absent))
        self._ends.add(Ended(pending, done, number))
        return done.value

    def write(self, action: Action, rows: Rows) -> Any:
        """See `ActionLedger.write`."""
        pending = self._next(action)
        if pending.entry and pending.ended:
            return pending.entry.result
        if not action.possible or not pending.acts:
            return self._do(pending, lambda: None)
        self._go_on()

        def write(connection: sa.Connection) -> tuple[bool, bool, Any]:
            mine, paused, value = self._ends.write(connection), False, None
            if mine:
                mine, paused = ledger.standing(connection, self._run.owner)
            if mine and not paused:
                given = rows(connection)
                done = given if isinstance(given, Result) else Result()
                if not self._ends.decide(connection, Ended(pending, done)):
                    raise LeaseLostError(self._run.label)  # the rows are rolled back
                value = done.value
            return mine, paused, value

        mine, paused, value = self._transactions.run(write)
        self._began(mine=mine, paused=paused)
        return value

    def record(self, rows: Rows) -> None:
        """See `ActionLedger.record`."""
        self._transactions.run(rows)

    def settle(self) -> None:
        """See `ActionLedger.settle`."""
        if not self._ends:
            return
        self._began(mine=self._transactions.run(self._ends.write))

    def end(self, connection: sa.Connection, **values: object) -> bool:
        """End the run: write the pending ends and the delivery's `values`; False if another worker has it by now."""
        return self._ends.end_run(connection, values)

    def _next(self, action: Action) -> PendingAction:
        (rule, name, subject, n), entry = self._identities.next(action)
        mode = self._mode_of(rule)
        row: dict[str, object] = {
            "rule": rule,
            "verb": name,
            "subject": subject,
            "n": n,
            "mode": mode,
            "target": action.target,
        }
        return PendingAction(action, row, entry)

    def _begin(self, pending: PendingAction) -> int:
        """Record that the action begins, and the ends before it; return the number of its row."""
        self._go_on()

        def begin(connection: sa.Connection) -> tuple[bool, int | None, bool]:
            if not self._ends.write(connection):
                return False, None, False
            try:
                return True, *self._insert(connection, pending)
            except sa.exc.IntegrityError as error:  # another run began it at the same moment
                raise LeaseLostError(self._run.label) from error

        mine, number, paused = self._transactions.run(begin)
        self._began(mine=mine and (paused or number is not None), paused=paused)
        return cast(int, number)

    def _insert(self, connection: sa.Connection, pending: PendingAction) -> tuple[int | None, bool]:
        """Return the number of the action's row (`None`: it may not begin), and whether all effects are paused."""
        owner = self._run.owner
        number = None if pending.entry else ledger.begin_in_quiet(connection, owner, pending.row)
        if number is not None:
            self._run.clearance.give()
            return number, False
        mine, paused = ledger.standing(connection, owner)
        if not mine or paused:
            return None, mine and paused
        return ledger.begin(connection, owner, pending.row, pending.entry), False

    def _go_on(self) -> None:
        """Let nothing new begin while the worker is stopping."""
        if self._run.stopping():
            raise LeaseLostError(self._run.label)

    def _began(self, *, mine: bool, paused: bool = False) -> None:
        """Conclude the transaction: forget the ends that it wrote, and raise if the run may not continue."""
        self._ends.committed()
        if not mine:
            raise LeaseLostError(self._run.label)
        if paused:
            raise Later("all effects are paused", system=switches.EFFECTS, no_effect=True)

    def _look_for(self, pending: PendingAction, find: Find[T] | None) -> Callable[[], Any] | None:
        """Return how to look for the effect of an earlier try; `None` unless there was one with an unknown outcome."""
        entry = pending.entry
        if entry is None or entry.outcome != BEGUN:
            return None
        sought: Find[Any] | None = find if pending.acts else self._warnings.find(pending.action)
        return None if sought is None else lambda: self._look(entry, sought)

    def _done(
        self,
        number: int,
        pending: PendingAction,
        act: Callable[[], T | Result],
        look: Callable[[], Any] | None,
        result: Callable[[T], Result],
    ) -> Result:
        action = pending.action
        found = look() if look else None
        if found is not None:
            return as_result(found, result)
        try:
            if not pending.acts:
                self._warnings.write(action, f"{self._run.label}:{number}")
                return Result(outcome="warned", after=action.intent)
            stands = action.stands() if look else None
            return stands or as_result(done_or_refused(action, act), result)
        except ActionFault as fault:
            self._record(number, action, fault)
            raise

    def _look(self, entry: Entry, find: Find[T]) -> T | None:
        """Look for the effect of an earlier try; if there is none, the next try counts as begun now.

        If the look itself fails, the outcome stays unknown.
        """
        found = find(entry.begun_at)
        over = entry.begun_at + self._settle
        if found is None:
            if entry.reason is None and machine_now() < over:
                raise Later(f"{self._run.label}: an earlier call may still be under way", at=over)
            now = machine_now()
            if not self._transactions.run(lambda given: ledger.begin_again(given, entry.id, self._run.token, now)):
                raise LeaseLostError(self._run.label)
        return found

    def _record(self, number: int, action: Action, fault: ActionFault) -> None:
        """Record a failed call: one that certainly had no effect is begun anew, without looking for its effect."""
        outcome = FAILED if isinstance(fault, Dead) else PUT_OFF
        token = self._run.token

        def record(connection: sa.Connection) -> None:
            if fault.no_effect:
                ledger.end(connection, number, token, {"outcome": outcome, "reason": fault.reason}, machine_now())
            elif not ledger.failed(connection, number, token, fault.reason):
                action.stray(connection, None, self._run.stray_key(number))

        self._transactions.run(record)
