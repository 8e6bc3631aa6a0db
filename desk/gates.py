"""Gates: a system that is down or that asks for patience is not called.

Every call of every process passes `Gates.pass_through`; what one worker learns holds for all.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import requests
import sqlalchemy as sa

from config.running import RuntimeConfig
from desk.clock import machine_now
from desk.faults import Dead, Fault, Kind, Later, Trouble, classify
from store import systems
from store.database import reading

NO_ADVICE = timedelta(seconds=5)  # a 429 without Retry-After
PROBE = "GET /myself"  # passes a closed gate, or no gate of Jira would ever open again
_QUOTA = ("jira-quota-global-based", "jira-quota-tenant-based")
_PER_ISSUE = "jira-per-issue-on-write"

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """What is about to be called: `jira:main`, `POST /issue`, and the issue's id if it is about one."""

    system: str
    endpoint: str
    issue: str | None = None

    def scopes(self) -> list[str]:
        """The scopes in which a rate limit may hold this call up."""
        scopes = [self.system, f"{self.system} {self.endpoint}"]
        return [*scopes, f"{self.system} issue {self.issue}"] if self.issue else scopes


class Gates:
    """Asks before each call, and turns what went wrong into `Later` or `Dead`."""

    def __init__(
        self, engine: sa.Engine, running: RuntimeConfig, alert: Callable[[sa.Connection, str, str], None]
    ) -> None:
        self._engine = engine
        self._running = running
        self._alert = alert

    def ask(self, call: Call) -> int:
        """Raise `Later` when the system is down or one of the call's scopes is paused; else its failures in a row."""
        now = machine_now()
        with reading(self._engine) as connection:
            hindrance = systems.hindrance(connection, call.system, call.scopes(), now)
        if hindrance.closed_at is not None and call.endpoint != PROBE:
            raise Later(f"{call.system} is down: {hindrance.reason}", system=call.system, no_effect=True)
        if hindrance.until is not None:
            raise Later(f"{call.system} asks for patience ({call.endpoint})", at=hindrance.until, no_effect=True)
        return int(hindrance.failures or 0)

    def pass_through(self, call: Call, send: Callable[[], T]) -> T:
        """Ask, send, and account for the outcome."""
        failures = self.ask(call)
        try:
            answer = send()
        except requests.RequestException as error:
            trouble = classify(error)
            fault = self._account(call, trouble)
            raise fault from error
        if failures:
            with self._engine.begin() as connection:
                systems.set_gate(connection, call.system, failures=0)
        return answer

    def _account(self, call: Call, trouble: Trouble) -> Fault:
        now = machine_now()
        reason = f"{call.system} {call.endpoint}: {trouble.reason}"
        with self._engine.begin() as connection:
            if trouble.kind is Kind.BUSY:
                until = now + (NO_ADVICE if trouble.retry_after is None else trouble.retry_after)
                systems.pause(connection, _scope(call, trouble.limit), until, trouble.limit)
                return Later(reason, at=until, no_effect=True)
            if trouble.kind is Kind.CONFLICT and call.system.startswith("jira"):
                return Later(reason, no_effect=True)  # somebody wrote at the same moment
            if trouble.kind in (Kind.REFUSED, Kind.CONFLICT):
                return Refused(reason, trouble)
            failures = systems.count_failure(connection, call.system)
            if trouble.kind is Kind.DOWN or failures >= self._running.gate.failures:
                self._close(connection, call.system, trouble.reason, now)
            if trouble.kind is Kind.DOWN:
                return Down(reason, call.system, trouble)
            # by the schedule even when the gate closes: a probe that answers while this call fails would use it up
            at = now + trouble.retry_after if trouble.retry_after is not None else None
            return Later(reason, at=at, spends=True, no_effect=trouble.no_effect)

    def _close(self, connection: sa.Connection, system: str, reason: str, now: datetime) -> None:
        probe_at = now + self._running.gate.probe_min
        if systems.close_gate(connection, system, reason=reason, now=now, probe_at=probe_at):
            self._alert(connection, system, reason)


class Onlooker(Gates):
    """For who only looks, perhaps with another token than the bot's: asks no gate and leaves no trace in any."""

    def pass_through(self, call: Call, send: Callable[[], T]) -> T:
        """Send; what goes wrong becomes `Refused`, `Down` or `Later`."""
        try:
            return send()
        except requests.RequestException as error:
            trouble = classify(error)
            if trouble.kind in (Kind.REFUSED, Kind.CONFLICT):
                raise Refused(trouble.reason, trouble) from error
            if trouble.kind is Kind.DOWN:
                raise Down(trouble.reason, call.system, trouble) from error
            raise Later(trouble.reason, no_effect=trouble.no_effect) from error


class Refused(Dead):
    """The other system refused what was asked (a 4xx); `trouble` says how, for verbs that know what to do."""

    def __init__(self, reason: str, trouble: Trouble) -> None:
        super().__init__(reason, no_effect=True)
        self.trouble = trouble


class Down(Later):
    """The system is not there, refuses the token or redirects elsewhere; `trouble` says which."""

    def __init__(self, reason: str, system: str, trouble: Trouble) -> None:
        super().__init__(reason, system=system, no_effect=trouble.no_effect)
        self.trouble = trouble


def _scope(call: Call, limit: str | None) -> str:
    if limit in _QUOTA:
        return call.system
    if limit == _PER_ISSUE and call.issue:
        return f"{call.system} issue {call.issue}"
    return f"{call.system} {call.endpoint}"


def next_probe(probes: int, running: RuntimeConfig, now: datetime) -> datetime:
    """When to probe a closed system again: twice as long each time, between the bounds, ±20 %."""
    gap = min(running.gate.probe_max, running.gate.probe_min * 2 ** min(probes, 10))
    jitter: float = random.uniform(0.8, 1.2)  # noqa: S311 # not a secret
    pause: timedelta = gap * jitter
    return now + pause
