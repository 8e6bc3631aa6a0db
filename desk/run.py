"""A run of a delivery, and whether the delivery still belongs to it."""

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
    """Proof, good for one call, that a moment ago the run owned its delivery and nothing blocked any call."""

    def __init__(self) -> None:
        self._until = 0.0

    def give(self) -> None:
        """Issue the clearance now."""
        self._until = time.monotonic() + FRESH_SECONDS

    def use(self) -> bool:
        """Use the clearance up; return whether it was still fresh."""
        until, self._until = self._until, 0.0
        return time.monotonic() < until


class Take(Protocol):
    """Takes a delivery up with its first write, or ends it at once with `ended`; False if another worker has it."""

    def __call__(self, connection: sa.Connection, **ended: object) -> bool:
        """Take the delivery up in the caller's transaction."""
        ...


@dataclass(frozen=True)
class Run:
    """One run of a delivery's handlers by a worker that leases the case; `worker` is `None` if nobody leases it."""

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
        """Return a run that may read everything and write nothing."""
        return cls(0, label, label, "", is_dry=True)

    @property
    def owner(self) -> Owner:
        """The run's identity in the store."""
        return Owner(self.delivery, self.token, self.worker)

    def stray_key(self, number: int) -> str:
        """Return the key of an effect that came back too late, for the ledger row with this number."""
        return f"{number}:{self.token}"

    def confirm(self, engine: sa.Engine) -> None:
        """Raise `LeaseLostError` if the run no longer owns the delivery, `WouldWriteError` in a dry run."""
        if self.is_dry:
            raise WouldWriteError(self.label)
        with reading(engine) as connection:
            if not owners.owns(connection, self.owner):
                raise LeaseLostError(self.label)
