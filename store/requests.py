"""Requests to neighbour departments, one row per question; an open one has a timer for its next escalation step."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from store import timers
from store.database import over_rows
from store.tables.requests import reminders
from store.tables.requests import requests as r
from store.types import to_json

OPEN, ANSWERED, WITHDRAWN = "open", "answered", "withdrawn"
_IN_TICKETS = """
    SELECT r.source, r.ticket, (
        SELECT q.id FROM requests q WHERE q.source = r.source AND q.dept_ticket_id = r.ticket AND q.state = 'open'
        ORDER BY q.id DESC LIMIT 1
    )
    FROM {rows}
"""
NOT_REQUIRED = "not_required"  # `answered_how` of a request that only informs


@dataclass(frozen=True)
class Request:
    """A question to a department about a ticket; `number` counts those of one ticket to one department.

    `origin`: usedesk, webcrm or jira. The question lives in `dept_ticket_id` or in an issue, if anywhere. `step`: the
    next escalation step, at `next_at`; `ring`: the number of its timer.
    """

    id: int
    source: str
    ticket_id: str
    department: str
    number: int
    origin: str
    external_id: str | None
    state: str
    text: str
    answer_required: bool
    owner_id: str | None
    owner_gender: str | None
    asker_account: str | None
    topic: str | None
    party_id: str | None
    top: bool | None
    url: str | None
    dept_ticket_id: str | None
    site: str | None
    issue_id: str | None
    issue_key: str | None
    since: datetime
    due_at: datetime | None
    next_at: datetime | None
    step: int
    ring: int
    answered_at: datetime | None
    answered_by: str | None
    answered_how: str | None
    client_informed_at: datetime | None
    snoozed_until: datetime | None
    snooze_reason: str | None
    closed_at: datetime | None
    closed_why: str | None
    ticket_solved_at: datetime | None
    opened_by: str
    rung_by: str | None
    closed_by: str | None
    texts_gone_at: datetime | None


@dataclass(frozen=True)
class Ending:
    """How a request ends: `state` answered or withdrawn, `how` (comment, status, event, person …), by whom, when."""

    state: str
    how: str
    at: datetime
    by: str | None = None


_COLUMNS = [r.c[name] for name in Request.__annotations__]


def timer_key(request: int, ring: int) -> str:
    """Return the key of the timer of an escalation step."""
    return f"request:{request}:{ring}"


def client_key(request: int) -> str:
    """Return the key of the timer for a text to the client that waits for working time (C-13)."""
    return f"client:{request}"


def uninformed_key(request: int) -> str:
    """Return the key of the timer that checks whether the client knows of a request (U-18)."""
    return f"uninformed:{request}"


@cache
def _newest_by(*columns: str) -> sa.Select[Any]:
    """Cached, because building the statement takes three times as long as running it."""
    equal = (r.c[name] == sa.bindparam(name) for name in columns)
    return sa.select(*_COLUMNS).where(*equal).order_by(r.c.id.desc()).limit(1)


def _one(connection: sa.Connection, **values: object) -> Request | None:
    """Return the newest request with these values in its columns."""
    row = connection.execute(_newest_by(*values), values).first()
    return Request(*row) if row else None


def _many(connection: sa.Connection, found: sa.Select[Any]) -> list[Request]:
    return [Request(*row) for row in connection.execute(found)]


def get(connection: sa.Connection, request: int) -> Request | None:
    """Return a request by our number."""
    return _one(connection, id=request)


def of_department_and_ticket(connection: sa.Connection, source: str, ticket_id: str, department: str) -> Request | None:
    """Return the newest request of a ticket to a department, open or not."""
    return _one(connection, source=source, ticket_id=ticket_id, department=department)


def of_dept_ticket(connection: sa.Connection, source: str, dept_ticket_id: str) -> Request | None:
    """Return the newest request that lives in this ticket of the department."""
    return _one(connection, source=source, dept_ticket_id=dept_ticket_id)


def of_issue(connection: sa.Connection, site: str, issue_id: str) -> Request | None:
    """Return the newest request that lives in this issue."""
    return _one(connection, site=site, issue_id=issue_id)


def of_external(connection: sa.Connection, source: str, ticket_id: str, external_id: str) -> Request | None:
    """Return the newest request that the CRM knows by this id."""
    return _one(connection, source=source, ticket_id=ticket_id, external_id=external_id)


def of_ticket(connection: sa.Connection, source: str, ticket_id: str) -> list[Request]:
    """Return all requests of a ticket, oldest first."""
    found = sa.select(*_COLUMNS).where(r.c.source == source, r.c.ticket_id == ticket_id)
    return _many(connection, found.order_by(r.c.id))


def open_in_tickets(connection: sa.Connection, tickets: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the open requests that live in these tickets of departments (source, id)."""
    if not tickets:
        return {}
    found = over_rows(connection.dialect.name, _IN_TICKETS, ("source", "ticket"))
    rows = to_json([{"source": source, "ticket": ticket} for source, ticket in tickets])
    return {(source, ticket): number for source, ticket, number in connection.execute(found, {"rows": rows}) if number}


def next_number(connection: sa.Connection, source: str, ticket_id: str, department: str) -> int:
    """Return the number of the next request of a ticket to a department."""
    mine = (r.c.source == source, r.c.ticket_id == ticket_id, r.c.department == department)
    return (connection.execute(sa.select(sa.func.max(r.c.number)).where(*mine)).scalar() or 0) + 1


def add(connection: sa.Connection, values: dict[str, object]) -> Request:
    """Insert a request with the next number of its ticket and department. Raises IntegrityError if two race."""
    number = next_number(connection, *(str(values[name]) for name in ("source", "ticket_id", "department")))
    added = sa.insert(r).values(state=OPEN, **{"number": number, **values}).returning(*_COLUMNS)
    return Request(*connection.execute(added).one())


def change(connection: sa.Connection, request: int, **values: object) -> None:
    """Change columns of a request (`owner_id`, `client_informed_at`, `dept_ticket_id` …)."""
    connection.execute(sa.update(r).where(r.c.id == request).values(**values))


def arm(connection: sa.Connection, request: Request, at: datetime, now: datetime, **values: object) -> None:
    """Set the timer of the next step, in place of the current one."""
    timers.cancel(connection, timer_key(request.id, request.ring))
    ring = request.ring + 1
    change(connection, request.id, ring=ring, next_at=at, **values)
    timers.add(connection, timer_key(request.id, ring), at, now)


def close(connection: sa.Connection, request: int, ending: Ending, by: str, now: datetime) -> bool:
    """End an open request and cancel its timers; `by` is the delivery that does it.

    True also if this delivery ended it before, so that a second run continues where the first one stopped.
    """
    answer = {"answered_at": ending.at, "answered_by": ending.by, "answered_how": ending.how}
    values = {"state": ending.state, "closed_at": now, "closed_why": ending.how, "closed_by": by, "next_at": None}
    values |= answer if ending.state == ANSWERED else {}
    ended = connection.execute(
        sa.update(r).where(r.c.id == request, r.c.state == OPEN).values(**values).returning(r.c.ring)
    ).first()
    if ended is not None:
        timers.cancel(connection, timer_key(request, ended.ring), client_key(request), uninformed_key(request))
        return True
    return connection.execute(sa.select(r.c.closed_by).where(r.c.id == request)).scalar() == by


def reopen(connection: sa.Connection, request: int, by: str) -> bool:
    """Reopen a request that a person marked as answered on a page; True also if `by` reopened it before."""
    nothing = dict.fromkeys(("answered_at", "answered_by", "answered_how", "closed_at", "closed_why"))
    mine = (r.c.id == request, r.c.state == ANSWERED, r.c.closed_why == "person")
    done = connection.execute(sa.update(r).where(*mine).values(state=OPEN, closed_by=by, **nothing).returning(r.c.id))
    if done.first() is not None:
        return True
    again = sa.select(r.c.id).where(r.c.id == request, r.c.state == OPEN, r.c.closed_by == by)
    return connection.execute(again).first() is not None


def among(connection: sa.Connection, numbers: Collection[int]) -> dict[int, Request]:
    """Return these requests, by their numbers."""
    found = sa.select(*_COLUMNS).where(r.c.id.in_(numbers))
    return {one.id: one for one in _many(connection, found)} if numbers else {}


def add_reminder(connection: sa.Connection, **values: object) -> None:
    """Record what an escalation step sent: `request`, `step`, `told`, `due_at`, `sent_at`, `late`.

    The outcome is `sent`, or `crossed` if the request ended while the reminder was on its way.
    """
    state = connection.execute(sa.select(r.c.state).where(r.c.id == values["request"])).scalar()
    outcome = "sent" if state == OPEN else "crossed"
    connection.execute(sa.insert(reminders).values(**values, outcome=outcome))
