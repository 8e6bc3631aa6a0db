"""The columns of the rows that queries return, as protocols that SQLAlchemy's rows satisfy."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class EventRow(Protocol):
    """A delivery in a ticket's history."""

    id: int
    source: str
    type: str
    state: str
    reason: str | None
    received_at: datetime
    case_id: str


class DeliveryRow(EventRow, Protocol):
    """A delivery; without `due_at` it waits for a person, or for a system to come back."""

    delivery_id: str
    body: str
    event: str | None
    attempts: int
    due_at: datetime | None
    waits_for: str | None
    taken_at: datetime | None
    config_version: str | None
    finished_at: datetime | None
    texts_gone_at: datetime | None


class ListedRow(EventRow, Protocol):
    """A delivery in a list, without its texts; `ticket_url` is from its event."""

    delivery_id: str
    attempts: int
    due_at: datetime | None
    finished_at: datetime | None
    texts_gone_at: datetime | None
    ticket_url: str | None


class WholeRow(DeliveryRow, ListedRow, Protocol):
    """A delivery with its texts and its ticket's URL."""


class StepRow(Protocol):
    """A row of the ledger; `before`, `after` and `result` are JSON."""

    id: int
    delivery: int
    rule: str
    verb: str
    n: int
    mode: str
    target: str | None
    outcome: str
    before: object
    after: object
    result: object
    reason: str | None
    begun_at: datetime
    done_at: datetime | None


class ObservedRow(StepRow, Protocol):
    """A row of the ledger with the case of its delivery."""

    case_id: str


class RuleHitRow(ObservedRow, Protocol):
    """A rule hit, with who marked it as a false alarm, and why."""

    marked_by: str | None
    mark: str | None


class ChangeRow(Protocol):
    """A row of the audit; `before` and `after` are JSON."""

    id: int
    at: datetime
    who: str
    door: str
    what: str
    target: str | None
    before: object
    after: object
    reason: str | None
    address: str | None


class SwitchRow(Protocol):
    """What was switched by hand, when and by whom."""

    value: str
    set_at: datetime
    set_by: str


class SystemRow(Protocol):
    """A system; it may be called if `closed_at` is `None`."""

    name: str
    failures: int
    closed_at: datetime | None
    reason: str | None
    probe_at: datetime | None
    probes: int
    account_id: str | None


class UserRow(Protocol):
    """A user who signs in with a password."""

    email: str
    role: str
    of_sandbox: bool
    created_at: datetime
    blocked_at: datetime | None


class TokenRow(Protocol):
    """An API key of a program."""

    name: str
    role: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class PausedRow(Protocol):
    """The pause of all effects, since when and why."""

    closed_at: datetime
    reason: str | None


class RateLimitRow(Protocol):
    """Until when a scope must not be called, and how many times in a row it was limited."""

    scope: str
    until: datetime
    times: int
    reason: str | None


class AliveRow(Protocol):
    """A process and its last sign of life."""

    started_at: datetime
    seen_at: datetime


class WorkerRow(AliveRow, Protocol):
    """A worker."""

    executor_id: str


class ClockRow(AliveRow, Protocol):
    """A clock."""

    clock_id: str


class AlertRow(Protocol):
    """An alert as it was raised."""

    key: str
    text: str
    raised_at: datetime
