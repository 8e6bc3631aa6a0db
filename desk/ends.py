"""The ends of a run's actions, kept until they are written to the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa

from config import Mode
from desk.actions import Action, Result, acts
from desk.clock import machine_now
from desk.faults import LeaseLostError
from desk.run import Run
from store import deliveries, ledger
from store.ledger import ENDED, Entry


@dataclass(frozen=True)
class PendingAction:
    """A requested action, the columns that its ledger row starts with, and the row from an earlier run, if any."""

    action: Action
    row: dict[str, object]
    entry: Entry | None

    @property
    def mode(self) -> Mode:
        """The mode of the action's rule."""
        return cast(Mode, self.row["mode"])

    @property
    def acts(self) -> bool:
        """Whether the action is to be done, not only warned of or recorded."""
        return acts(self.mode, self.action)

    @property
    def ended(self) -> bool:
        """Whether an earlier run has ended it."""
        return self.entry is not None and self.entry.outcome in ENDED


@dataclass(frozen=True)
class Ended:
    """An end that is not written yet; `number` is the ledger row, `None` if the action was never begun."""

    pending: PendingAction
    result: Result
    number: int | None = None


class Ends:
    """Ends that wait for the next transaction, together with the take-up of a new delivery."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._take = run.take
        self._unwritten: list[Ended] = []

    def __bool__(self) -> bool:
        return bool(self._unwritten)

    def add(self, ended: Ended) -> None:
        """Have an end written in the next transaction."""
        self._unwritten.append(ended)

    def write(self, connection: sa.Connection) -> bool:
        """Take the delivery up if that has not happened yet, and write the pending ends.

        Returns False if the delivery belongs to another worker by now; each effect is then recorded as a possible
        repeat.
        """
        try:
            if self._take is not None and not self._take(connection):
                return False
            mine = True
            for ended in self._unwritten:
                mine = self._write_end(connection, ended) and mine
        except BaseException:
            self._unwritten.clear()  # begun and not ended: an unknown outcome
            raise
        return mine

    def end_run(self, connection: sa.Connection, values: Mapping[str, object]) -> bool:
        """Write the pending ends and the delivery's `values`; without pending ends, take it up and end it at once."""
        if self._take is not None and not self._unwritten:
            return self._take(connection, **values)
        return self.write(connection) and deliveries.let_go(connection, self._run.delivery, self._run.token, **values)

    def committed(self) -> None:
        """Forget what was written: the transaction is committed."""
        self._take = None
        self._unwritten.clear()

    def _write_end(self, connection: sa.Connection, ended: Ended) -> bool:
        if ended.number is None:
            return self.decide(connection, ended)
        action, done = ended.pending.action, ended.result
        mine = ledger.end(connection, ended.number, self._run.token, done.row(action), machine_now())
        if mine and done.rows:
            done.rows(connection)
        if not mine and done.outcome == "done":
            action.stray(connection, done, self._run.stray_key(ended.number))
        return mine

    def decide(self, connection: sa.Connection, ended: Ended) -> bool:
        """Write the end of an action that was never begun; False if the delivery belongs to another worker by now."""
        pending, done = ended.pending, ended.result
        try:
            mine = ledger.decide(connection, self._run.owner, pending.row | done.row(pending.action), pending.entry)
        except sa.exc.IntegrityError as error:  # another run has recorded it at the same moment
            raise LeaseLostError(self._run.label) from error
        if mine and done.rows:
            done.rows(connection)
        return mine
