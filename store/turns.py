"""Turns at a rate limit: a caller that finds no token keeps a place in a queue, and comes back at its turn.

The lowest level goes first; within a level, first come, first served. No token is guaranteed: each caller is told when
its turn will probably be. Those ahead of it keep theirs, so a caller overtaken by more urgent ones comes once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from store import rates
from store.dialect import insert_into
from store.rates import Rate
from store.tables import rate_turns as t

LATE = timedelta(seconds=10)  # how long a place is kept for a caller that is late


@dataclass(frozen=True)
class Turn:
    """Who asks: the holder of a place, recognised when it comes back, and its urgency."""

    holder: str
    level: int


def take(connection: sa.Connection, rate: Rate, now: datetime, turn: Turn) -> datetime | None:
    """Take a token and return `None`; if it is not this caller's turn, return the moment to come back."""
    mine = connection.execute(sa.select(t.c.id).where(t.c.name == rate.name, t.c.holder == turn.holder)).scalar()
    ahead = _ahead(connection, rate.name, now, turn.level, mine)
    # if the bucket is full, those ahead are late and lose nothing
    left = min(ahead, rate.burst - 1)
    free_at = rates.take(connection, rate, now, left)
    if free_at is None:
        if mine is not None:
            connection.execute(sa.delete(t).where(t.c.id == mine))
        return None
    step = timedelta(seconds=1 / rate.per_second)
    due_at = free_at + step * (ahead - left)
    if due_at <= now:  # those ahead are late, and the bucket is not full yet
        due_at = now + step
    _queue(connection, rate.name, turn, due_at)
    return due_at


def waiting(connection: sa.Connection, name: str, now: datetime) -> int:
    """Return how many callers wait for this limit."""
    return connection.execute(sa.select(sa.func.count()).where(*_alive(name, now))).scalar_one()


def _ahead(connection: sa.Connection, name: str, now: datetime, level: int, mine: int | None) -> int:
    same = sa.and_(t.c.level == level, t.c.id < mine) if mine is not None else t.c.level == level
    found = sa.select(sa.func.count()).where(*_alive(name, now), sa.or_(t.c.level < level, same))
    return connection.execute(found).scalar_one()


def _alive(name: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return t.c.name == name, t.c.due_at > (now - LATE).timestamp()


def _queue(connection: sa.Connection, name: str, turn: Turn, due_at: datetime) -> None:
    """Store a place; an existing one keeps its position, even if its level changes."""
    values = {"level": turn.level, "due_at": due_at.timestamp()}
    row = insert_into(connection, t).values(name=name, holder=turn.holder, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["name", "holder"], set_=values))
