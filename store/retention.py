"""Deletes what is too old, in pieces: bodies, then events, then deliveries with their ledger.

Dead letters and waiting deliveries are never touched, however old. The end of each piece is stored in `purges`, so that
the next piece starts there instead of reading everything again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import deliveries as d
from store.tables import purges, rate_limits, rate_turns

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_OVER = sa.text("state IN ('done', 'ignored')")  # exactly as in the partial index, or SQLite does not use it
_GONE: Mapping[str, Mapping[str, Any]] = {"bodies": {"body": ""}, "events": {"event": None}}


def forget(connection: sa.Connection, name: str, before: datetime, limit: int) -> int:
    """Delete the `bodies` or `events` of deliveries that ended before a moment, oldest first; return how many."""
    rows = advance(connection, name, before, limit)
    if rows:
        connection.execute(sa.update(d).where(d.c.id.in_([row.id for row in rows])).values(**_GONE[name]))
    return len(rows)


def advance(connection: sa.Connection, name: str, before: datetime, limit: int) -> Sequence[Any]:
    """Return the next deliveries that ended before a moment, oldest first, after those that `name` got before."""
    end = sa.tuple_(d.c.finished_at, d.c.id)
    done = connection.execute(sa.select(purges).where(purges.c.name == name)).first()
    begin = (done.finished_at, done.delivery) if done else (_BEGINNING, 0)
    # SQLite uses the index for a pair only if its first member is compared separately too
    query = sa.select(d.c.finished_at, d.c.id, d.c.case_id).where(
        _OVER, d.c.finished_at >= begin[0], d.c.finished_at < before
    )
    after = sa.tuple_(sa.literal(begin[0], d.c.finished_at.type), sa.literal(begin[1], d.c.id.type))
    rows = connection.execute(query.where(end > after).order_by(d.c.finished_at, d.c.id).limit(limit)).all()
    if rows:
        _remember(connection, name, rows[-1].finished_at, rows[-1].id)
    return rows


def _remember(connection: sa.Connection, name: str, finished_at: datetime, delivery: int) -> None:
    insert = insert_into(connection, purges)
    values = {"finished_at": finished_at, "delivery": delivery}
    put = insert.values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
    connection.execute(put)


def delete_deliveries(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete deliveries that ended before a moment, with their ledger; return how many."""
    old = sa.select(d.c.id).where(_OVER, d.c.finished_at < before).order_by(d.c.finished_at).limit(limit)
    return int(connection.execute(sa.delete(d).where(d.c.id.in_(old.scalar_subquery()))).rowcount)


def forget_turns(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete the turns of callers that have not come back since a moment; return how many."""
    old = sa.select(rate_turns.c.id).where(rate_turns.c.due_at < before.timestamp()).limit(limit)
    return int(connection.execute(sa.delete(rate_turns).where(rate_turns.c.id.in_(old.scalar_subquery()))).rowcount)


def forget_limits(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete token buckets unused since a moment, which are full again; return how many."""
    old = sa.select(rate_limits.c.name).where(rate_limits.c.at < before.timestamp()).limit(limit)
    return int(connection.execute(sa.delete(rate_limits).where(rate_limits.c.name.in_(old.scalar_subquery()))).rowcount)
