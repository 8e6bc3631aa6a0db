"""The lines above the board, with what its first rows do not show."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from config import Config
from desk.calendar import WorkCalendar
from store import board, board_choices
from store.board import Wanted
from web.lead.filters import departments

LONG = 72  # hours
_DAY = timedelta(days=1)


def above(connection: sa.Connection, config: Config, now: datetime) -> dict[str, object]:
    """Return how many wait very long, the department that owes most answers, and how many fall due today."""
    calendar, names = WorkCalendar(config.calendar.named()), dict(departments(config))
    evening = max(calendar.end_of(calendar.local(now).date()), now)
    slowest = board_choices.slowest(connection, list(names), now - _DAY)
    return {
        "long": _said(sum(board.counts(connection, replace(Wanted(), older=LONG), now).values())),
        "long_hours": LONG,
        "slowest": (slowest[0], names[slowest[0]], _said(slowest[1])) if slowest else None,
        "due": _said(board_choices.falling_due(connection, now, evening)),
    }


def _said(count: int) -> str:
    """Return a count as shown; empty for zero."""
    return f"{board.MOST}+" if count >= board.MOST else str(count or "")
