"""When people work: days off, hours and the time between two moments, by a calendar of `calendar.yml` (U-26, C-13).

Everything is reckoned by the clock on the wall of the calendar's zone: an hour that daylight saving takes away is no
working time, an hour that it repeats counts twice. Moments are aware; what is returned is in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.calendar import DAY, Calendar, Hours
from config.departments import Clock

NOTHING = timedelta(0)
_EXACT = timedelta(seconds=1)  # to which the moment of a change of the clocks is found
Stretch = tuple[datetime, datetime]


class WorkCalendar:
    """A calendar of the configuration, reckoned with. It never changes."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.zone)

    def local(self, moment: datetime) -> datetime:
        """The moment by the clock on the wall. Raises ValueError, as all here, for a moment without a zone."""
        return _aware(moment).astimezone(self._zone)

    def is_working_day(self, day: date) -> bool:
        """True unless it is a weekend or a holiday; the days moved by the configuration go before everything."""
        return self._calendar.is_working_day(day)

    def next_working_day(self, day: date) -> date:
        """The first working day after this one."""
        day += timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def last_working_day_before_days_off(self, day: date) -> bool:
        """True for a Friday, the eve of a holiday, and each other working day with a day off after it (C-13a)."""
        return self.is_working_day(day) and not self.is_working_day(day + timedelta(days=1))

    def is_evening(self, moment: datetime) -> bool:
        """True from `evening` on, to the microsecond (C-13a), till midnight."""
        return _since_midnight(self.local(moment)) >= self._calendar.evening

    def is_working(self, moment: datetime) -> bool:
        """True within the working hours of a working day; their end is outside."""
        return any(start <= moment < end for start, end in self._stretches_on(self.local(moment).date()))

    def next_working(self, moment: datetime) -> datetime:
        """This moment when it is a working one, else when work begins again."""
        return next(start for start, _ in self._stretches_from(moment))

    def add_working(self, moment: datetime, span: timedelta) -> datetime:
        """The first moment by which `span` of working time has passed; ValueError when `span` is negative."""
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
        """The working time from one moment to the other; negative when the other is earlier."""
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
        """The moment when `span` is over (C-13): by the calendar, or in business time, where days off do not count."""
        if clock == "business":
            return self._round_the_clock().add_working(moment, span)
        return _aware(moment).astimezone(UTC) + span

    def end_of(self, day: date) -> datetime:
        """When work ends on a working day; midnight after any other."""
        stretches = list(self._stretches_on(day))
        return stretches[-1][1] if stretches else self.midnight_after(day)

    def midnight_after(self, day: date) -> datetime:
        """When the date is over."""
        return datetime.combine(day + timedelta(days=1), time.min, self._zone).astimezone(UTC)

    def after_quiet(self, moment: datetime, quiet: tuple[timedelta, timedelta] | None) -> datetime:
        """This moment, or the end of the quiet hours that it falls into; they may run over midnight."""
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
        """What is left to work from this moment on, without end."""
        day = self.local(moment).date()
        moment = moment.astimezone(UTC)
        while True:
            for start, end in self._stretches_on(day):
                if moment < end:
                    yield max(start, moment), end
            day += timedelta(days=1)

    def _stretches_on(self, day: date) -> Iterator[Stretch]:
        """The stretches of a day in which people work, in order."""
        if not self.is_working_day(day):
            return
        midnight = datetime.combine(day, time.min, UTC)  # of a clock that shows UTC
        for begin, finish, offset in self._offsets_around(midnight):
            for opens, closes in self._calendar.hours_of(day):
                start, end = max(begin, midnight + opens - offset), min(finish, midnight + closes - offset)
                if start < end:
                    yield start, end

    def _offsets_around(self, midnight: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """The day and its neighbours, parted where the clocks change: from, to, how far they are ahead of UTC."""
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
