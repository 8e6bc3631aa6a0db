"""Token buckets: rate limits shared by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import rate_limits

_ROUNDING = timedelta(milliseconds=1)  # otherwise the token could still lack a millionth at the promised moment


@dataclass(frozen=True)
class Rate:
    """`burst` calls at once, then `per_second`; at most `burst + per_second * t` in any `t` seconds."""

    name: str
    per_second: float
    burst: int


def take(connection: sa.Connection, rate: Rate, now: datetime, reserve: int = 0) -> datetime | None:
    """Take a token and return `None`; if none is left, return the moment when there will be one.

    `reserve` tokens are left to more urgent callers.

    A single UPDATE refills and takes, so two processes never take the same token; a slow clock adds none.
    """
    moment = now.timestamp()
    if _take(connection, rate, moment, reserve):
        return None
    full = insert_into(connection, rate_limits).values(name=rate.name, tokens=rate.burst, at=moment)
    connection.execute(full.on_conflict_do_nothing())
    if _take(connection, rate, moment, reserve):
        return None
    row = connection.execute(sa.select(rate_limits).where(rate_limits.c.name == rate.name)).one()
    return datetime.fromtimestamp(row.at + (1 + reserve - row.tokens) / rate.per_second, UTC) + _ROUNDING


def give_back(connection: sa.Connection, rate: Rate) -> None:
    """Return a token that was not needed."""
    more = rate_limits.c.tokens + 1
    held = sa.case((more > rate.burst, float(rate.burst)), else_=more)
    connection.execute(sa.update(rate_limits).where(rate_limits.c.name == rate.name).values(tokens=held))


def _take(connection: sa.Connection, rate: Rate, moment: float, reserve: int) -> bool:
    at, tokens = rate_limits.c.at, rate_limits.c.tokens
    grown = tokens + sa.case((at < moment, (moment - at) * rate.per_second), else_=0.0)
    held = sa.case((grown > rate.burst, float(rate.burst)), else_=grown)
    taken = connection.execute(
        sa.update(rate_limits)
        .where(rate_limits.c.name == rate.name, held >= 1 + reserve)
        .values(tokens=held - 1, at=sa.case((at < moment, moment), else_=at))
    )
    return int(taken.rowcount) > 0
