"""A run of a delivery, and whether the delivery is still its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from desk.faults import LeaseLostError, WouldWriteError
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
    is_dry: bool = False

    @classmethod
    def dry(cls, label: str) -> Run:
        """One that may look at everything and write nothing; its deliveries wait for nothing."""
        return cls(0, label, label, "", is_dry=True)

    @property
    def owner(self) -> Owner:
        """Who it is to the store."""
        return Owner(self.delivery, self.token, self.worker)

    def confirm(self, engine: sa.Engine) -> None:
        """Raise `LeaseLostError` when the delivery is not this run's any more, WouldWriteError in a dry run."""
        if self.is_dry:
            raise WouldWriteError(self.label)
        with reading(engine) as connection:
            if not owners.owns(connection, self.owner):
                raise LeaseLostError(self.label)
