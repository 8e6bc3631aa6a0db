"""What a person may do to deliveries: have them run again, or drop them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa
import structlog

from desk.clock import machine_now
from store import audit, deliveries
from store.audit import Actor, Change
from store.cases import wake_workers
from store.rows import DeliveryRow

_log = structlog.get_logger("actions")
_Judge = Callable[[DeliveryRow], bool]


class Actions:
    """By a person's word, with a row in the audit."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def replay(self, number: int, by: Actor) -> bool:
        """Let a delivery run again, now; False when there is none, it is running, or it was never understood.

        What its ledger has as done is not done again. The case's later deliveries wait no longer.
        """
        return self._revive(number, "waiting", replayable, by)

    def drop(self, number: int, by: Actor) -> bool:
        """Give a dead letter up, so that the later deliveries of its case go on; False when it is not dead."""
        return self._revive(number, "ignored", droppable, by)

    def replay_dead(self, numbers: Iterable[int], by: Actor) -> int:
        """Let those of the deliveries that are dead run again, in the order in which they came; how many."""
        return sum(self._revive(number, "waiting", dead_and_replayable, by) for number in sorted(set(numbers)))

    def drop_all(self, numbers: Iterable[int], by: Actor) -> int:
        """Give dead letters up; how many."""
        return sum(self.drop(number, by) for number in sorted(set(numbers)))

    def _revive(self, number: int, state: str, allowed: _Judge, by: Actor) -> bool:
        now = machine_now()
        with self._engine.begin() as connection:
            row = deliveries.get(connection, number)
            if row is None or not allowed(row):
                return False
            case = deliveries.revive(connection, number, state=state, now=now)
            if case is None:
                return False
            deliveries.release_case(connection, case, now)
            wake_workers(connection)
            name = f"{row.source}/{row.delivery_id}"
            what = "replayed" if state == "waiting" else "dropped"
            audit.write(connection, by, Change(what, name, before=row.state, after=state, reason=row.reason), now)
        _log.info("revived", delivery=name, was=row.state, state=state, door=by.door)
        return True


def replayable(row: DeliveryRow) -> bool:
    """Whether a delivery can run again: it was understood, its texts are there, and it is not running."""
    return row.event is not None and row.texts_gone_at is None and row.state != "running"


def droppable(row: DeliveryRow) -> bool:
    """Whether a delivery can be given up."""
    return bool(row.state == "dead")


def dead_and_replayable(row: DeliveryRow) -> bool:
    """Whether a delivery is a dead letter that can run again."""
    return droppable(row) and replayable(row)
