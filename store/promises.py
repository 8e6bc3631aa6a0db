"""Promises: what an interim reply told the client, and whether it was kept (U-18, U-26…U-31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import requests as asked
from store import timers
from store.tables.requests import promises as p

DRAFT, MADE, KEPT, BROKEN, WITHDRAWN = "draft", "made", "kept", "broken", "withdrawn"
_ALIVE = (DRAFT, MADE)


@dataclass(frozen=True)
class Promise:
    """A reply to the client and what it promises; a `draft` promises nothing until it is sent."""

    id: int
    request: int
    source: str
    ticket_id: str
    text_id: str
    text: str
    state: str
    draft_id: str | None
    drafted_at: datetime
    made_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


_COLUMNS = [p.c[name] for name in Promise.__annotations__]
_IS_BROKEN = sa.text("state = 'broken'")
_IS_ALIVE = sa.text("state IN ('draft', 'made')")  # as in the partial index


def timer_key(promise: int) -> str:
    """Return the key of a promise's timer."""
    return f"promise:{promise}"


def get(connection: sa.Connection, promise: int) -> Promise | None:
    """Return a promise by its number."""
    row = connection.execute(sa.select(*_COLUMNS).where(p.c.id == promise)).first()
    return Promise(*row) if row else None


def alive_of_ticket(connection: sa.Connection, source: str, ticket_id: str) -> list[Promise]:
    """Return a ticket's drafts and promises that have not ended, oldest first."""
    found = sa.select(*_COLUMNS).where(p.c.source == source, p.c.ticket_id == ticket_id, _IS_ALIVE)
    return [Promise(*row) for row in connection.execute(found.order_by(p.c.id))]


def broken_of(connection: sa.Connection, requests: Sequence[int]) -> list[Promise]:
    """Return the broken promises of these requests, oldest first."""
    found = sa.select(*_COLUMNS).where(p.c.request.in_(requests), _IS_BROKEN).order_by(p.c.id)
    return [Promise(*row) for row in connection.execute(found)] if requests else []


def draft(connection: sa.Connection, values: dict[str, object], now: datetime) -> int:
    """Store a reply that waits for an agent, once per text and request; return its number."""
    mine = (p.c.request == values["request"], p.c.text_id == values["text_id"])
    known = connection.execute(sa.select(p.c.id).where(*mine)).scalar()
    if known is not None:
        return int(known)
    row = {**values, "state": DRAFT, "drafted_at": now}
    return int(connection.execute(sa.insert(p).values(**row).returning(p.c.id)).scalar_one())


def make(connection: sa.Connection, promise: int, *, at: datetime, due_at: datetime, now: datetime) -> None:
    """Turn a draft that was sent into a promise, with a timer, and record that the client is informed."""
    values = {"state": MADE, "made_at": at, "due_at": due_at}
    changed = sa.update(p).where(p.c.id == promise, p.c.state == DRAFT).values(**values).returning(p.c.request)
    request = connection.execute(changed).scalar()
    if request is not None:
        timers.add(connection, timer_key(promise), due_at, now)
        asked.change(connection, request, client_informed_at=at)


def withdraw(connection: sa.Connection, request: int, *, drafts_only: bool, by: str, now: datetime) -> None:
    """Withdraw the drafts of a request, and unless `drafts_only` its promises too."""
    states = (DRAFT,) if drafts_only else _ALIVE
    mine = sa.select(p.c.id).where(p.c.request == request, p.c.state.in_(states))
    for promise in connection.execute(mine).scalars().all():
        end(connection, promise, WITHDRAWN, by=by, now=now)


def end(connection: sa.Connection, promise: int, state: str, *, by: str, now: datetime) -> bool:
    """End a promise as kept, broken or withdrawn by a delivery; False if another delivery ended it before."""
    ended = sa.update(p).where(p.c.id == promise, p.c.state.in_(_ALIVE))
    values = {"state": state, "ended_at": now, "ended_by": by}
    if connection.execute(ended.values(**values)).rowcount:
        timers.cancel(connection, timer_key(promise))
        return True
    return connection.execute(sa.select(p.c.ended_by).where(p.c.id == promise)).scalar() == by
