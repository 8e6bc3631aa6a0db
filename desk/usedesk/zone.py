"""The zone of Usedesk's dates: it names none, so it is learnt, and kept for every process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from desk.usedesk.client import SYSTEM
from store import polls
from store.database import reading

QUARTER = timedelta(minutes=15)  # what zones differ by
WESTMOST, EASTMOST = -12 * 4, 14 * 4  # quarters of an hour
SLACK = timedelta(minutes=2)  # between two machines' clocks, and of a filter that knows minutes only
FRESH = timedelta(minutes=10)  # what a webhook tells is no older


def zone_of(stamps: Sequence[datetime], since: datetime, now: datetime, known: int | None) -> int | None:
    """How many minutes Usedesk's dates are ahead of UTC, in quarters of an hour; `known` as long as it can be.

    Each of the dates lies between `since` and `now`.
    """
    if not stamps:
        return known
    least = max(stamps) - now.astimezone(UTC).replace(tzinfo=None) - SLACK
    most = min(stamps) - since.astimezone(UTC).replace(tzinfo=None) + SLACK
    if known is not None and least <= timedelta(minutes=known) <= most:
        return known
    quarters = range(max(-(-least // QUARTER), WESTMOST), min(most // QUARTER, EASTMOST) + 1)
    fitting = min(quarters, key=abs, default=None)
    return known if fitting is None else fitting * 15


class Zone:
    """The zone as the store has it; until polling has learnt it, the first webhook tells."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self) -> timedelta:
        """How far the dates are ahead of UTC; nothing until it is known."""
        with reading(self._engine) as connection:
            return timedelta(minutes=polls.zone(connection, SYSTEM) or 0)

    def of_fresh(self, stamp: datetime | None, now: datetime) -> timedelta:
        """The same when a webhook has arrived `now` and names the moment `stamp`."""
        with reading(self._engine) as connection:
            found = polls.zone(connection, SYSTEM)
        if found is None and stamp is not None:
            found = zone_of([stamp], now - FRESH, now, None)
            if found is not None:
                with self._engine.begin() as connection:
                    polls.learn_zone(connection, SYSTEM, found)
        return timedelta(minutes=found or 0)
