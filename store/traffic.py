"""What was processed in the last day, by hour; each hour uses an index, and is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from store.tables import deliveries as d

HOURS = 24
MOST = 5000  # the count of an hour stops here
LOOKED_AT = 200  # the newest events of an hour, whose times are returned
STOPPED = 1000  # the newest dead letters that are counted
_HOUR = timedelta(hours=1)
_OVER = sa.text("deliveries.state IN ('done', 'ignored')")


@dataclass(frozen=True)
class Hour:
    """An hour from `start` on: how many events finished, how many that came in then are dead letters now, and how long
    those that are done took, shortest first.
    """

    start: datetime
    finished: int
    dead: int
    took: Sequence[timedelta]


def last_day(connection: sa.Connection, now: datetime) -> list[Hour]:
    """Return the last 24 hours, including the current one, oldest first."""
    first = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * _HOUR
    dead = _dead(connection, first)
    starts = [first + number * _HOUR for number in range(HOURS)]
    return [
        Hour(
            start,
            _finished(connection, start),
            sum(start <= at < start + _HOUR for at in dead),
            _took(connection, start),
        )
        for start in starts
    ]


def _finished(connection: sa.Connection, start: datetime) -> int:
    rows = sa.select(d.c.id).where(_OVER, d.c.finished_at >= start, d.c.finished_at < start + _HOUR).limit(MOST)
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())


def _took(connection: sa.Connection, start: datetime) -> list[timedelta]:
    rows = sa.select(d.c.received_at, d.c.finished_at, d.c.state).where(
        _OVER, d.c.finished_at >= start, d.c.finished_at < start + _HOUR
    )
    found = connection.execute(rows.order_by(d.c.finished_at.desc(), d.c.id.desc()).limit(LOOKED_AT))
    return sorted(row.finished_at - row.received_at for row in found if row.state == "done")


def _dead(connection: sa.Connection, since: datetime) -> list[datetime]:
    newest = sa.select(d.c.received_at).where(d.c.state == "dead").order_by(d.c.id.desc()).limit(STOPPED)
    return [at for at in connection.execute(newest).scalars() if at >= since]
