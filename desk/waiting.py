"""Scale of the board, its files and the digest: damage and waiting times by the calendar, as of now."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from config import Config
from config.reports import KINDS
from desk.calendar import NOTHING, WorkCalendar
from store.board import Scale


def scale(config: Config, now: datetime) -> Scale:
    """Return how damage is computed as of now, by `reports.yml` and the company's calendar."""
    damage = config.reports.damage
    ages = WorkingAges(WorkCalendar(config.calendar.named()), now)
    return Scale(now, {kind: damage.weight(kind) for kind in KINDS}, damage.top, ages.of)


class WorkingAges:
    """The working time from many moments to one; the sums since the ends of days are computed once."""

    def __init__(self, calendar: WorkCalendar, now: datetime) -> None:
        self._calendar = calendar
        self._now = now
        self._first = calendar.local(now).date()
        self._since_end_of = {self._first: NOTHING}

    def of(self, moment: datetime) -> timedelta:
        """Return the working time since a moment; zero for a future one."""
        day = self._calendar.local(moment).date()
        end = min(self._now, self._calendar.midnight_after(day))
        return self._since(day) + self._calendar.working_between(moment, end) if moment < self._now else NOTHING

    def _since(self, day: date) -> timedelta:
        while day < self._first:
            before = self._first - timedelta(days=1)
            start, end = self._calendar.midnight_after(before), self._calendar.midnight_after(self._first)
            worked = self._calendar.working_between(start, min(self._now, end))
            self._since_end_of[before] = self._since_end_of[self._first] + worked
            self._first = before
        return self._since_end_of[day]
