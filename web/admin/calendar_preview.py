"""Which days of the coming year another `calendar.yml` makes other ones, so that nobody has to work it out by eye."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from config.calendar import Calendar, Calendars, time_text
from web.words import word

_AHEAD = 400  # days: the year and the holidays after it
_MOST = 20  # lines that are told


def changed_days(old: Calendars, new: Calendars, today: date) -> Mapping[str, list[str]]:
    """One text for each calendar with such days, by its name."""
    days = [today + timedelta(days=number) for number in range(_AHEAD)]
    told = {
        name: list(_lines(old.calendars[name], calendar, days))
        for name, calendar in new.calendars.items()
        if name in old.calendars
    }
    return {name: ["\n".join(_cut(lines))] for name, lines in told.items() if lines}


def _lines(old: Calendar, new: Calendar, days: list[date]) -> Iterator[str]:
    for day in days:
        before, after = _hours(old, day), _hours(new, day)
        if before != after:
            yield f"{day:%d.%m.%Y}, {word('weekdays', day.weekday())}: {before} → {after}"


def _hours(calendar: Calendar, day: date) -> str:
    if not calendar.is_working_day(day):
        return word("calendar_days", "off")
    return ", ".join(f"{time_text(start)}–{time_text(end)}" for start, end in calendar.hours_of(day))


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST
    return lines if more <= 0 else [*lines[:_MOST], word("calendar_days", "more").format(n=more)]
