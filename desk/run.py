"""A run of a delivery, and whether the delivery is still its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa

from desk.faults import LeaseLostError, WouldWriteError
from store import owners
from store.database import reading
from store.ledger import Recorded
from store.owners import Owner

FRESH_SECONDS = 0.2


class Clearance:
    """That the delivery was the run's and nothing stood in the way of any call, a moment ago: good for one call."""

    def __init__(self) -> None:
        self._until = 0.0

    def give(self) -> None:
        """It was so just now."""
        self._until = time.monotonic() + FRESH_SECONDS

    def use(self) -> bool:
        """Whether it still counts; it does once."""
        until, self._until = self._until, 0.0
        return time.monotonic() < until


class Take(Protocol):
    """Takes a delivery up, together with the first that is written for it, or as `ended` at once; False: another's."""

    def __call__(self, connection: sa.Connection, **ended: object) -> bool:
        """In the caller's transaction."""
        ...


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
    take: Take | None = None
    known: Recorded = field(default_factory=dict)  # what the ledger has of earlier runs
    clearance: Clearance = field(default_factory=Clearance, compare=False)

    @classmethod
    def dry(cls, label: str) -> Run:
        """One that may look at everything and write nothing; its deliveries wait for nothing."""
        return cls(0, label, label, "", is_dry=True)

    @property
    def owner(self) -> Owner:
        """Who it is to the store."""
        return Owner(self.delivery, self.token, self.worker)

    def stray_key(self, number: int) -> str:
        """What names an effect that came back too late, of the ledger's row with this number."""
        return f"{number}:{self.token}"

    def confirm(self, engine: sa.Engine) -> None:
        """Raise `LeaseLostError` when the delivery is not this run's any more, WouldWriteError in a dry run."""
        if self.is_dry:
            raise WouldWriteError(self.label)
        with reading(engine) as connection:
            if not owners.owns(connection, self.owner):
                raise LeaseLostError(self.label)
