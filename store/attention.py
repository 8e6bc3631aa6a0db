"""What waits for a person, as the menu's badges count it: each count is bounded and served by an index."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from store import board
from store.tables import deliveries as d

MOST = 100  # a count goes no further


def stopped(connection: sa.Connection) -> int:
    """How many events have stopped."""
    found = sa.select(d.c.id).where(d.c.state == "dead").limit(MOST)
    return int(connection.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one())


def late(connection: sa.Connection, now: datetime) -> int:
    """How many rows the board has."""
    return min(sum(board.counts(connection, board.Wanted(), now, MOST).values()), MOST)
