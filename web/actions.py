"""What a person may do to a delivery: have it run again, or drop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog

from desk.clock import machine_now
from runtime.nudges import Nudges
from store import deliveries

_log = structlog.get_logger("actions")
_Judge = Callable[[sa.Row[Any]], bool]


class Actions:
    """By a person's word; `by` says through which door (console, api, cli)."""

    def __init__(self, engine: sa.Engine, by: str) -> None:
        self._engine = engine
        self._nudges = Nudges(engine)
        self._by = by

    def replay(self, number: int) -> bool:
        """Let a delivery run again, now; False when there is none, it is running, or it was never understood.

        What its ledger has as done is not done again. The case's later deliveries wait no longer.
        """
        return self._revive(number, "waiting", replayable)

    def drop(self, number: int) -> bool:
        """Give a dead letter up, so that the later deliveries of its case go on; False when it is not dead."""
        return self._revive(number, "ignored", droppable)

    def _revive(self, number: int, state: str, allowed: _Judge) -> bool:
        now = machine_now()
        with self._engine.begin() as connection:
            row = deliveries.get(connection, number)
            if row is None or not allowed(row):
                return False
            case = deliveries.revive(connection, number, state=state, now=now)
            if case is None:
                return False
            deliveries.release_case(connection, case, now)
            self._nudges.send(connection, case)
        _log.info("revived", delivery=f"{row.source}/{row.delivery_id}", was=row.state, state=state, by=self._by)
        return True


def replayable(row: sa.Row[Any]) -> bool:
    """Whether a delivery can run again: it was understood, and is not running."""
    return row.event is not None and row.state != "running"


def droppable(row: sa.Row[Any]) -> bool:
    """Whether a delivery can be given up."""
    return bool(row.state == "dead")
