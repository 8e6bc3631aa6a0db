"""Holds: which tickets wait, for whom, since when; each open one has a timer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store import timers
from store.tables import holds as h
from store.tables import timers as t


@dataclass(frozen=True)
class Hold:
    """A hold. `kind`: ozon, seller or client; `stage`: `begun` (the agent's part is not done) or `waiting`."""

    id: int
    source: str
    ticket_id: str
    kind: str
    reason: str | None
    stage: str
    awaited_account: str | None
    awaited_key: str | None
    awaited_link: str | None
    owner_id: str | None
    owner_account: str | None
    seller_id: str | None
    top: bool | None
    site: str | None
    issue_id: str | None
    components_taken: Any
    closing: Any
    question: str | None
    asked_at: datetime | None
    since: datetime
    due_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None


_COLUMNS = [h.c[name] for name in Hold.__annotations__]
# used at every event, so built once
_OPEN_OF_TICKET = sa.select(*_COLUMNS).where(
    h.c.source == sa.bindparam("source"), h.c.ticket_id == sa.bindparam("ticket"), h.c.ended_at.is_(None)
)


def timer_key(hold: int) -> str:
    """Return the key of a hold's first timer."""
    return f"hold:{hold}"


def open_of_ticket(connection: sa.Connection, source: str, ticket_id: str) -> Hold | None:
    """Return the open hold of a ticket."""
    row = connection.execute(_OPEN_OF_TICKET, {"source": source, "ticket": ticket_id}).first()
    return Hold(*row) if row else None


def get(connection: sa.Connection, hold: int) -> Hold | None:
    """Return a hold by its number, open or ended."""
    row = connection.execute(sa.select(*_COLUMNS).where(h.c.id == hold)).first()
    return Hold(*row) if row else None


def open_of_issue(connection: sa.Connection, site: str, issue_id: str) -> Hold | None:
    """Return the open hold that belongs to this issue."""
    found = sa.select(*_COLUMNS).where(h.c.site == site, h.c.issue_id == issue_id, h.c.ended_at.is_(None))
    row = connection.execute(found).first()
    return Hold(*row) if row else None


def open_awaiting_issue(connection: sa.Connection, key: str) -> list[Hold]:
    """Return the open holds that wait for another issue to be done (W-53)."""
    found = sa.select(*_COLUMNS).where(h.c.awaited_key == key, h.c.ended_at.is_(None)).order_by(h.c.since)
    return [Hold(*row) for row in connection.execute(found)]


def newest_in_jira(connection: sa.Connection) -> Hold | None:
    """Return the newest hold that waits for the seller's answer in an issue."""
    waits = (h.c.ended_at.is_(None), h.c.kind == "seller", h.c.stage == "waiting", h.c.issue_id.is_not(None))
    row = connection.execute(sa.select(*_COLUMNS).where(*waits).order_by(h.c.id.desc()).limit(1)).first()
    return Hold(*row) if row else None


def begin(connection: sa.Connection, values: dict[str, object], now: datetime) -> int:
    """Begin a hold and set its timer; return its number."""
    number = int(connection.execute(sa.insert(h).values(**values, since=now).returning(h.c.id)).scalar_one())
    timer = {"key": timer_key(number), "kind": "hold", "due_at": values["due_at"], "state": "pending", "made_at": now}
    connection.execute(sa.insert(t).values(**timer))
    return number


def postpone(connection: sa.Connection, hold: int, due_at: datetime, now: datetime) -> None:
    """Postpone an open hold; it gets a timer with another key, since each fires once."""
    connection.execute(sa.update(h).where(h.c.id == hold, h.c.ended_at.is_(None)).values(due_at=due_at))
    timers.cancel(connection, timer_key(hold))
    timers.add(connection, f"{timer_key(hold)}:{due_at:%y%m%d%H%M%S}", due_at, now)


def change(connection: sa.Connection, hold: int, **values: object) -> None:
    """Change columns of a hold (`stage`, `asked_at`, `components_taken` …)."""
    connection.execute(sa.update(h).where(h.c.id == hold).values(**values))


def end(connection: sa.Connection, hold: int, *, why: str, by: str | None, now: datetime) -> None:
    """End a hold, recording who answered, and cancel its timer; an ended one stays as it is."""
    answered = now if why == "answered" else None
    ended = {"ended_at": now, "ended_why": why, "answered_by": by, "answered_at": answered}
    connection.execute(sa.update(h).where(h.c.id == hold, h.c.ended_at.is_(None)).values(**ended))
    mine = (t.c.key == timer_key(hold), t.c.state == "pending")
    connection.execute(sa.update(t).where(*mine).values(state="cancelled"))


def reopen(connection: sa.Connection, hold: Hold, by: str, now: datetime) -> bool:
    """Reopen an answered hold, with a new timer, unless the ticket has another one; True also if `by` did it before.

    `answered_by` is set to who reopened it, so that a second run recognises its own work.
    """
    other = open_of_ticket(connection, hold.source, hold.ticket_id)
    if other is not None:
        return other.id == hold.id and other.answered_by == by[:128]
    nothing = {"ended_at": None, "ended_why": None, "answered_at": None, "answered_by": by[:128]}
    done = connection.execute(
        sa.update(h).where(h.c.id == hold.id, h.c.ended_why == "answered").values(**nothing).returning(h.c.due_at)
    ).first()
    if done is None:
        return False
    timers.add(connection, f"{timer_key(hold.id)}:{now:%y%m%d%H%M%S}", max(done.due_at, now), now)
    return True
