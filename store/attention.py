"""The counts on the menu's badges of what waits for a person; each is bounded and uses an index."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from store import board
from store.tables import deliveries as d

MOST = 100  # counting stops here


def stopped(connection: sa.Connection) -> int:
    """Return the number of dead letters, at most `MOST`."""
    found = sa.select(d.c.id).where(d.c.state == "dead").limit(MOST)
    return int(connection.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one())


def late(connection: sa.Connection, now: datetime) -> int:
    """Return the number of rows on the board, at most `MOST`."""
    return min(sum(board.counts(connection, board.Wanted(), now, MOST).values()), MOST)
