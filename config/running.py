"""`runtime.yml`: retries, timeouts, the circuit breaker, leases, and how long data is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from config.fields import Duration, Lag, Strict


class Retry(Strict):
    """The pauses between attempts, in order; each is stretched or cut by up to `jitter` (0.2 = ±20 %)."""

    schedule: Annotated[tuple[Duration, ...], Field(min_length=1)]
    jitter: Annotated[float, Field(ge=0, lt=1)]


class BreakerLimits(Strict):
    """The circuit breaker: after how many failures a system counts as down, and how often it is probed then."""

    failures: Annotated[int, Field(ge=1)]
    probe_min: Duration
    probe_max: Duration

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.probe_min > self.probe_max:
            raise PydanticCustomError("probe_order", "probe_min is longer than probe_max")
        return self


class Http(Strict):
    """Timeouts of a call: to connect; for the next piece of the answer, to a read and to a write; for the whole."""

    connect: Duration
    read: Duration
    write: Duration
    whole: Duration = timedelta(seconds=35)


class Keep(Strict):
    """How long finished deliveries are kept: their bodies, their events, and the ledger with all the rest.

    A delivery cannot be replayed without its event. `texts`: how long after the end of a case the texts that people
    wrote are kept in bodies, events, ledger and questions; after that its deliveries cannot be replayed either.
    `audit`: who signed in and who changed what.
    """

    texts: Duration = timedelta(days=30)
    bodies: Duration = timedelta(days=90)
    events: Duration = timedelta(days=365)
    ledger: Duration = timedelta(days=1095)
    audit: Duration = timedelta(days=1095)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.bodies <= self.events <= self.ledger:
            raise PydanticCustomError("keep_order", "bodies, events, ledger are not in order")
        return self


class RuntimeConfig(Strict):
    """All of `runtime.yml`.

    `search_settle`: how long Jira's search may lag behind a write, and how long a call without a known end may still
    take effect.
    """

    retry: Retry
    gate: BreakerLimits
    http: Http
    search_settle: Lag
    worker_lease: Duration
    keep: Keep = Keep()
