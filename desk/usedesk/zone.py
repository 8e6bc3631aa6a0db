"""The time zone of Usedesk's dates: they do not name it, so it is inferred, and stored for every process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from desk.usedesk.client import SYSTEM
from store import polls
from store.database import reading

QUARTER = timedelta(minutes=15)  # the granularity of zone offsets
WESTMOST, EASTMOST = -12 * 4, 14 * 4  # quarters of an hour
SLACK = timedelta(minutes=2)  # for the clocks of two machines, and a filter with a precision of minutes
FRESH = timedelta(minutes=10)  # the event of a webhook is not older


def zone_of(stamps: Sequence[datetime], since: datetime, now: datetime, known: int | None) -> int | None:
    """Return the offset of Usedesk's dates from UTC in minutes, a multiple of 15; `known` as long as it is possible.

    All of the dates are between `since` and `now`.
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
    """The stored zone; until polling has inferred it, the first webhook determines it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self) -> timedelta:
        """Return the offset of the dates from UTC; zero until it is known."""
        with reading(self._engine) as connection:
            return timedelta(minutes=polls.zone(connection, SYSTEM) or 0)

    def of_fresh(self, stamp: datetime | None, now: datetime) -> timedelta:
        """Do the same when a webhook that names the moment `stamp` has arrived at `now`."""
        with reading(self._engine) as connection:
            found = polls.zone(connection, SYSTEM)
        if found is None and stamp is not None:
            found = zone_of([stamp], now - FRESH, now, None)
            if found is not None:
                with self._engine.begin() as connection:
                    polls.learn_zone(connection, SYSTEM, found)
        return timedelta(minutes=found or 0)
