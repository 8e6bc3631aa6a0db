"""The clock's part in the reports: computing the daily figures, and filing the digests that are due."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import sqlalchemy as sa

from config import Config
from desk.calendar import WorkCalendar
from desk.digest import is_due
from desk.factory import DeskFactory
from desk.figures import last_step
from events import DigestEvent
from runtime.own_events import SOURCE, post
from store import deliveries, rollups

COUNT_SECONDS = 60
DIGEST_SECONDS = 5
DAYS = 60  # that one turn counts; a longer backlog takes several turns


class Reporting:
    """Safe to run in several clocks: counting again gives the same figures, and a digest's delivery has a fixed id."""

    def __init__(self, engine: sa.Engine, factory: DeskFactory) -> None:
        self._engine = engine
        self._factory = factory

    def count(self, config: Config) -> int:
        """Compute the figures of the days that are due; return how many days."""
        now, zone = self._factory.clock.now(), ZoneInfo(config.calendar.named().zone)
        with self._engine.connect() as connection:
            days = rollups.due(connection, now, zone)[:DAYS]
        for day in days:
            with self._engine.begin() as connection:
                rollups.count_day(connection, day, now, zone, last_step(config))
        return len(days)

    def digests(self, config: Config) -> int:
        """File the digests whose moment has come on this working day; return how many."""
        now = self._factory.clock.now()
        day = WorkCalendar(config.calendar.named()).local(now).date()
        count = 0
        for name, asked in config.reports.digests.items():
            if asked.to is None or not is_due(config, asked, now):
                continue
            event = DigestEvent(occurred_at=now, name=name, day=day)
            with self._engine.begin() as connection:
                if deliveries.find(connection, SOURCE, f"digest:{name}:{day}") is None:
                    post(connection, event)
                    count += 1
        return count
