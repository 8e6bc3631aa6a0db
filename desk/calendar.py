"""Working time: days off, hours and the time between two moments, by a calendar of `calendar.yml` (U-26, C-13).

Everything is computed in local time of the calendar's zone: an hour skipped by daylight saving is not working time, an
hour repeated by it counts twice. Moments must be aware; results are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.calendar import DAY, Calendar, Hours
from config.departments import Clock

NOTHING = timedelta(0)
_EXACT = timedelta(seconds=1)  # precision with which a change of the clocks is located
Stretch = tuple[datetime, datetime]


class WorkCalendar:
    """Working-time arithmetic for one calendar of the configuration. Immutable."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.zone)

    def local(self, moment: datetime) -> datetime:
        """Return the moment in the calendar's zone. Like all methods here, raise ValueError for a naive moment."""
        return _aware(moment).astimezone(self._zone)

    def is_working_day(self, day: date) -> bool:
        """False on weekends and holidays; days moved by the configuration take precedence over both."""
        return self._calendar.is_working_day(day)

    def next_working_day(self, day: date) -> date:
        """Return the first working day after this one."""
        day += timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def last_working_day_before_days_off(self, day: date) -> bool:
        """True for a Friday, the eve of a holiday, and any other working day that is followed by a day off (C-13a)."""
        return self.is_working_day(day) and not self.is_working_day(day + timedelta(days=1))

    def is_evening(self, moment: datetime) -> bool:
        """True from the configured `evening`, to the microsecond, until midnight (C-13a)."""
        return _since_midnight(self.local(moment)) >= self._calendar.evening

    def is_working(self, moment: datetime) -> bool:
        """True within the working hours of a working day; the end of the hours is excluded."""
        return any(start <= moment < end for start, end in self._stretches_on(self.local(moment).date()))

    def next_working(self, moment: datetime) -> datetime:
        """Return this moment if it is working time, otherwise the moment when work resumes."""
        return next(start for start, _ in self._stretches_from(moment))

    def add_working(self, moment: datetime, span: timedelta) -> datetime:
        """Return the first moment by which `span` of working time has passed. Raises ValueError if it is negative."""
        if span < NOTHING:
            raise ValueError("a span of working time is never negative")
        if span == NOTHING:
            return _aware(moment).astimezone(UTC)
        stretches = self._stretches_from(moment)
        start, end = next(stretches)
        while span > end - start:
            span -= end - start
            start, end = next(stretches)
        return start + span

    def working_between(self, one: datetime, other: datetime) -> timedelta:
        """Return the working time from one moment to the other; negative if the other is earlier."""
        if other < one:
            return -self.working_between(other, one)
        day, last = self.local(one).date(), self.local(other).date()
        passed = NOTHING
        while day <= last:
            for start, end in self._stretches_on(day):
                passed += max(NOTHING, min(end, other) - max(start, one))
            day += timedelta(days=1)
        return passed

    def after(self, moment: datetime, span: timedelta, clock: Clock) -> datetime:
        """Return the moment when `span` has passed (C-13): calendar time, or business time, which skips days off."""
        if clock == "business":
            return self._round_the_clock().add_working(moment, span)
        return _aware(moment).astimezone(UTC) + span

    def end_of(self, day: date) -> datetime:
        """Return when work ends on a working day, or midnight at the end of any other day."""
        stretches = list(self._stretches_on(day))
        return stretches[-1][1] if stretches else self.midnight_after(day)

    def midnight_after(self, day: date) -> datetime:
        """Return midnight at the end of the date."""
        return datetime.combine(day + timedelta(days=1), time.min, self._zone).astimezone(UTC)

    def after_quiet(self, moment: datetime, quiet: tuple[timedelta, timedelta] | None) -> datetime:
        """Return this moment, or the end of the quiet hours that it falls into; they may span midnight."""
        local = self.local(moment)
        now = _since_midnight(local)
        if quiet is None or not _within(now, quiet):
            return local.astimezone(UTC)
        day = local.date() if now < quiet[1] else local.date() + timedelta(days=1)
        end = (datetime.combine(day, time.min) + quiet[1]).replace(tzinfo=self._zone)
        return max(local.astimezone(UTC), end.astimezone(UTC))

    def _round_the_clock(self) -> WorkCalendar:
        whole = Hours(all=((NOTHING, DAY),))
        return WorkCalendar(self._calendar.model_copy(update={"hours": whole, "hours_on": {}}))

    def _stretches_from(self, moment: datetime) -> Iterator[Stretch]:
        """Yield the remaining stretches of working time from this moment on, endlessly."""
        day = self.local(moment).date()
        moment = moment.astimezone(UTC)
        while True:
            for start, end in self._stretches_on(day):
                if moment < end:
                    yield max(start, moment), end
            day += timedelta(days=1)

    def _stretches_on(self, day: date) -> Iterator[Stretch]:
        """Yield the stretches of working time on a day, in order."""
        if not self.is_working_day(day):
            return
        midnight = datetime.combine(day, time.min, UTC)  # in UTC, shifted below by the offset in force
        for begin, finish, offset in self._offsets_around(midnight):
            for opens, closes in self._calendar.hours_of(day):
                start, end = max(begin, midnight + opens - offset), min(finish, midnight + closes - offset)
                if start < end:
                    yield start, end

    def _offsets_around(self, midnight: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """Yield the day and its neighbours, split where the clocks change: from, to, offset from UTC."""
        begin, finish = midnight - timedelta(days=1), midnight + timedelta(days=2)
        before, after = self._offset(begin), self._offset(finish)
        if before == after:
            yield begin, finish, before
            return
        low, high = begin, finish
        while high - low > _EXACT:
            middle = low + (high - low) // _EXACT // 2 * _EXACT
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        yield begin, high, before
        yield high, finish, after

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self._zone).utcoffset() or NOTHING


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone")
    return moment


def _since_midnight(local: datetime) -> timedelta:
    return local.replace(tzinfo=None) - datetime.combine(local.date(), time.min)


def _within(now: timedelta, span: tuple[timedelta, timedelta]) -> bool:
    start, end = span
    return start <= now < end if start < end else now >= start or now < end
