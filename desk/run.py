"""A run of a delivery, and whether the delivery is still its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from desk.faults import LeaseLostError
from store import owners
from store.database import reading
from store.owners import Owner


@dataclass(frozen=True)
class Run:
    """One run of a delivery's handlers by one worker, which leases the case; None: by somebody who leases nothing."""

    delivery: int
    label: str  # source/delivery id
    case: str
    token: str
    stopping: Callable[[], bool] = bool
    worker: str | None = None

    @property
    def owner(self) -> Owner:
        """Who it is to the store."""
        return Owner(self.delivery, self.token, self.worker)

    def confirm(self, engine: sa.Engine) -> None:
        """Raise `LeaseLostError` when the delivery is not this run's any more."""
        with reading(engine) as connection:
            if not owners.owns(connection, self.owner):
                raise LeaseLostError(self.label)
