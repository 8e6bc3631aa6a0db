"""What has waited too long now, as the board, its files and the digest show it: damage and ages by the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from config import Config
from config.reports import KINDS
from desk.calendar import NOTHING, WorkCalendar
from store.board import Scale


def scale(config: Config, now: datetime) -> Scale:
    """How damage is reckoned as of now, by `reports.yml` and the company's calendar."""
    damage = config.reports.damage
    calendar = WorkCalendar(config.calendar.named())

    def working(moments: Sequence[datetime]) -> Mapping[datetime, timedelta]:
        return working_ages(calendar, moments, now)

    return Scale(now, {kind: damage.weight(kind) for kind in KINDS}, damage.top, working)


def working_ages(calendar: WorkCalendar, moments: Sequence[datetime], now: datetime) -> Mapping[datetime, timedelta]:
    """The working time from each of these moments up to now; each day is looked at once."""
    ages: dict[datetime, timedelta] = {}
    passed, later = NOTHING, now
    for moment in sorted(moments, reverse=True):
        passed += calendar.working_between(moment, later) if moment < later else NOTHING
        ages[moment] = passed
        later = min(later, moment)
    return ages
