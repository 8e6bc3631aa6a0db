"""Turns at a limit of calls: whoever finds none left keeps a place in a line, and comes back when it is his turn.

The lowest level goes first; within a level, who came first. Nobody is promised a token: each is told when it will
probably be his turn, and those ahead of him have theirs, so who is overtaken by something more urgent comes once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from store import rates
from store.dialect import insert_into
from store.rates import Rate
from store.tables import rate_turns as t

LATE = timedelta(seconds=10)  # so long a place is kept for somebody who should have come


@dataclass(frozen=True)
class Turn:
    """Who asks: the holder of a place, by which he is known when he comes back, and how urgent it is."""

    holder: str
    level: int


def take(connection: sa.Connection, rate: Rate, now: datetime, turn: Turn) -> datetime | None:
    """Take a token: None; or it is not this one's turn, and it is the moment to come back."""
    mine = connection.execute(sa.select(t.c.id).where(t.c.name == rate.name, t.c.holder == turn.holder)).scalar()
    ahead = _ahead(connection, rate.name, now, turn.level, mine)
    # when the bucket is full, those ahead are late and lose nothing
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
    """How many wait for a limit of this name."""
    return connection.execute(sa.select(sa.func.count()).where(*_alive(name, now))).scalar_one()


def _ahead(connection: sa.Connection, name: str, now: datetime, level: int, mine: int | None) -> int:
    same = sa.and_(t.c.level == level, t.c.id < mine) if mine is not None else t.c.level == level
    found = sa.select(sa.func.count()).where(*_alive(name, now), sa.or_(t.c.level < level, same))
    return connection.execute(found).scalar_one()


def _alive(name: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return t.c.name == name, t.c.due_at > (now - LATE).timestamp()


def _queue(connection: sa.Connection, name: str, turn: Turn, due_at: datetime) -> None:
    """Keep a place; whoever has one keeps it, or changes the level and stays as old."""
    values = {"level": turn.level, "due_at": due_at.timestamp()}
    row = insert_into(connection, t).values(name=name, holder=turn.holder, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["name", "holder"], set_=values))
