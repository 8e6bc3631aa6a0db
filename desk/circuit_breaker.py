"""The circuit breaker: a system that is down or asked for a pause is not called.

Every call of every process passes `CircuitBreaker.pass_through`; what one worker learns applies to all. A call that
writes is sent only while its run owns the delivery: the worker may have stalled, and another one taken over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import requests
import sqlalchemy as sa

from config.running import RuntimeConfig
from desk.clock import machine_now
from desk.faults import ActionFault, Dead, Kind, Later, LeaseLostError, Trouble, WouldWriteError, classify
from desk.places import Places
from desk.run import Run
from store import systems
from store.database import reading
from store.systems import Hindrance

NO_ADVICE = timedelta(seconds=5)  # a 429 without Retry-After
FLOOR = timedelta(seconds=1)  # minimum wait, however short Retry-After is
LONGEST_GROWN = timedelta(minutes=5)
LONG = timedelta(minutes=15)  # admins are alerted about longer rate limits
PROBE = "GET /myself"  # allowed past a tripped breaker, which could not be reset otherwise
# reads that are POST, because the query is long or because Usedesk offers nothing else
_LOOKS = frozenset({"POST /search/jql", "POST /comment/list", "POST /ticket", "POST /tickets", "POST /groups"})
_QUOTA = ("jira-quota-global-based", "jira-quota-tenant-based")
_PER_ISSUE = "jira-per-issue-on-write"
NO_HINDRANCE = Hindrance()

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A call to be made: the system (`jira:main`), the endpoint (`POST /issue`), and the issue's id if there is one."""

    system: str
    endpoint: str
    issue: str | None = None

    @property
    def writes(self) -> bool:
        """Whether the call changes anything there."""
        return not self.endpoint.startswith("GET ") and self.endpoint not in _LOOKS

    def scopes(self) -> list[str]:
        """Return the scopes whose rate limits apply to this call."""
        scopes = [self.system, f"{self.system} {self.endpoint}"]
        return [*scopes, f"{self.system} issue {self.issue}"] if self.issue else scopes


# Raises an alert in the caller's transaction: the name of its text in `notes.yml`, and the text's values.
Alert = Callable[[sa.Connection, str, Mapping[str, Any]], None]


class CircuitBreaker:
    """Checks before each call whether it may be made, and turns failures into `Later` or `Dead`."""

    def __init__(self, engine: sa.Engine, running: RuntimeConfig, alert: Alert, places: Places | None = None) -> None:
        """`places` is shared by all breakers of this process."""
        self._engine = engine
        self._running = running
        self._alert = alert
        self._places = places or Places()
        self._run: Run | None = None

    def asked_by(self, run: Run) -> CircuitBreaker:
        """Return this breaker for the calls of a run; a dry run gets one that allows reads only."""
        other = Onlooker(self._engine, self._running, self._alert, self._places) if run.is_dry else copy(self)
        other._run = run
        return other

    def confirm(self, call: Call) -> None:
        """Check again who owns the delivery, for a write that is sent some time after `ask`."""
        if self._run is not None and call.writes:
            self._run.confirm(self._engine)

    def ask(self, call: Call) -> Hindrance:
        """Return what stood in the way of the call until now.

        Raises `Later` if the system is down or one of the call's scopes is rate-limited, `LeaseLostError` if the run
        may not write any more.
        """
        if self._run is not None and self._run.clearance.use():
            return NO_HINDRANCE
        run = self._run if call.writes else None
        with reading(self._engine) as connection:
            hindrance = systems.hindrance(connection, call.system, call.scopes(), run.owner if run else None)
        if run is not None and not hindrance.owned:
            raise LeaseLostError(run.label)
        if hindrance.closed_at is not None and call.endpoint != PROBE:
            raise Later(f"{call.system} is down: {hindrance.reason}", system=call.system, no_effect=True)
        if hindrance.until is not None and hindrance.until > machine_now():
            raise Later(f"{call.system} asks for patience ({call.endpoint})", at=hindrance.until, no_effect=True)
        return hindrance

    def pass_through(self, call: Call, send: Callable[[], T]) -> T:
        """Wait for a place, check, send, and record the outcome."""
        try:
            with self._places.place(call.system):
                before = self.ask(call)  # after the wait for a place, which may take a while
                answer = send()
        except requests.RequestException as error:
            raise self._account(call, classify(error)) from error
        if before.failures or before.until is not None:
            with self._engine.begin() as connection:
                if before.failures:
                    systems.set_breaker(connection, call.system, failures=0)
                systems.end_rate_limits(connection, call.scopes(), machine_now())
        return answer

    def _account(self, call: Call, trouble: Trouble) -> ActionFault:
        now = machine_now()
        reason = f"{call.system} {call.endpoint}: {trouble.reason}"
        with self._engine.begin() as connection:
            if trouble.kind is Kind.BUSY:
                return Later(reason, at=self._limit(connection, call, trouble, now), no_effect=True)
            if trouble.kind is Kind.CONFLICT and call.system.startswith("jira"):
                return Later(reason, no_effect=True)  # somebody wrote at the same moment
            if trouble.kind in (Kind.REFUSED, Kind.CONFLICT):
                return Refused(reason, trouble)
            failures = systems.count_failure(connection, call.system)
            if trouble.kind is Kind.DOWN or failures >= self._running.gate.failures:
                self._close(connection, call.system, trouble.reason, now)
            if trouble.kind is Kind.DOWN:
                return Down(reason, call.system, trouble)
            # on the schedule even if the breaker trips: while probes succeed, a failing call would use up its attempts
            return Later(reason, at=_advised(trouble, now), spends=True, no_effect=trouble.no_effect)

    def _limit(self, connection: sa.Connection, call: Call, trouble: Trouble, now: datetime) -> datetime:
        """Rate-limit a 429's scope as advised, longer each time if no call succeeded in between; return until when."""
        scope = _scope(call, trouble.limit)
        before = systems.rate_limit_of(connection, scope)
        holding = before.until if before is not None and before.until > now else None
        # refusals of simultaneous calls count as one
        times = 1 if before is None else before.times + (holding is None)
        until = max(now + _patience(trouble.retry_after, times), holding or now)
        systems.set_rate_limit(connection, scope, until, trouble.limit, times)
        if until - now > LONG and (holding is None or holding - now <= LONG):
            self._alert(connection, "alert_long_pause", {"scope": scope, "until": until})
        return until

    def _close(self, connection: sa.Connection, system: str, reason: str, now: datetime) -> None:
        probe_at = now + self._running.gate.probe_min
        if systems.trip_breaker(connection, system, reason=reason, now=now, probe_at=probe_at):
            self._alert(connection, "alert_system_down", {"system": system, "reason": reason})


class Onlooker(CircuitBreaker):
    """For reads only, perhaps with another token than the bot's: consults no breaker and leaves no trace in one.

    A write of a dry run raises `WouldWriteError`.
    """

    def pass_through(self, call: Call, send: Callable[[], T]) -> T:
        """Send; a failure becomes `Refused`, `Down` or `Later`."""
        if self._run is not None and call.writes:
            raise WouldWriteError(call.endpoint)
        try:
            return send()
        except requests.RequestException as error:
            trouble = classify(error)
            reason = f"{call.system} {call.endpoint}: {trouble.reason}" if self._run else trouble.reason
            if trouble.kind in (Kind.REFUSED, Kind.CONFLICT):
                raise Refused(reason, trouble) from error
            if trouble.kind is Kind.DOWN:
                raise Down(reason, call.system, trouble) from error
            raise Later(reason, no_effect=trouble.no_effect) from error


class Refused(Dead):
    """The other system refused the call (a 4xx); `trouble` says how, for actions that can handle it."""

    def __init__(self, reason: str, trouble: Trouble) -> None:
        super().__init__(reason, no_effect=True)
        self.trouble = trouble


class Down(Later):
    """The system is unreachable, refuses the token or redirects elsewhere; `trouble` says which."""

    def __init__(self, reason: str, system: str, trouble: Trouble) -> None:
        super().__init__(reason, system=system, no_effect=trouble.no_effect)
        self.trouble = trouble


def _scope(call: Call, limit: str | None) -> str:
    if limit in _QUOTA:
        return call.system
    if limit == _PER_ISSUE and call.issue:
        return f"{call.system} issue {call.issue}"
    return f"{call.system} {call.endpoint}"


def _patience(advice: timedelta | None, times: int) -> timedelta:
    floor = NO_ADVICE if advice is None else FLOOR
    grown: timedelta = floor * 2 ** min(times - 1, 10)
    return max(advice or timedelta(0), min(grown, LONGEST_GROWN))


def _advised(trouble: Trouble, now: datetime) -> datetime | None:
    """Return when a failing system asks to be called again; `None`, meaning the schedule, without usable advice."""
    advice = trouble.retry_after
    return now + advice if advice is not None and NO_ADVICE <= advice <= LONG else None


def next_probe(probes: int, running: RuntimeConfig, now: datetime) -> datetime:
    """Return when to probe a system whose breaker tripped: intervals double between the bounds, ±20 %."""
    gap = min(running.gate.probe_max, running.gate.probe_min * 2 ** min(probes, 10))
    jitter: float = random.uniform(0.8, 1.2)  # noqa: S311 # not a secret
    wait: timedelta = gap * jitter
    return now + wait
