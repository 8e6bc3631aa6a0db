"""`calendar.yml`: when people work: time zone, hours, days off, moved days (U-26…U-29, C-13a)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from config.faults import shown
from config.fields import Strict
from config.jira import Id
from config.public_days import Country, public_days
from config.rules import Day

DAY = timedelta(hours=24)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = r"^([01]\d|2[0-3]):([0-5]\d)$|^24:00$"
_TIMES = {"type": "array", "items": {"type": "string", "pattern": _TIME}, "minItems": 2, "maxItems": 2}
_PAIR = 2


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # not there; not a name; a folder of zones
        raise PydanticCustomError("zone", "no such zone") from None
    return name


def _time(value: object) -> object:
    """Read «09:30» as the wall-clock time since midnight; 24:00 is the end of the day."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(_TIME, value):
        raise PydanticCustomError("day_time", "not a time of day", {"time": shown(value)})
    hours, minutes = value.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def time_text(value: timedelta) -> str:
    """Write a time since midnight the way the table does."""
    hours, minutes = divmod(value // timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"


def _pair(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != _PAIR:
        raise PydanticCustomError("pair", "not a beginning and an end")
    return tuple(_time(moment) for moment in value)


def _forward(interval: tuple[timedelta, timedelta]) -> tuple[timedelta, timedelta]:
    if interval[0] >= interval[1]:
        raise PydanticCustomError("interval", "ends before it begins")
    return interval


def _apart(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    if any(later[0] < earlier[1] for earlier, later in pairwise(intervals)):
        raise PydanticCustomError("intervals_order", "overlap or not in order")
    return intervals


def _some_day_is_left(weekend: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if set(weekend) == set(WEEKDAYS):
        raise PydanticCustomError("weekend_whole", "no working day")
    return weekend


DayTime = Annotated[
    timedelta,
    BeforeValidator(_time),
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _TIME}),
]
Span = Annotated[  # may run over midnight
    tuple[timedelta, timedelta],
    BeforeValidator(_pair),
    PlainSerializer(lambda span: [time_text(moment) for moment in span], return_type=list[str]),
    WithJsonSchema(_TIMES),
]
Interval = Annotated[Span, AfterValidator(_forward)]
Intervals = Annotated[tuple[Interval, ...], Field(min_length=1), AfterValidator(_apart)]


class Hours(Strict):
    """Working hours of a day, as intervals between breaks: of `all` days, and of weekdays that differ."""

    all: Intervals
    mon: Intervals | None = None
    tue: Intervals | None = None
    wed: Intervals | None = None
    thu: Intervals | None = None
    fri: Intervals | None = None
    sat: Intervals | None = None
    sun: Intervals | None = None

    def on(self, day: date) -> Intervals:
        """Return the hours of a date, as if it were a working day: pairs of times since midnight."""
        own: Intervals | None = getattr(self, WEEKDAYS[day.weekday()])
        return own or self.all


class Calendar(Strict):
    """When somebody works. `country`: whose public holidays are days off; `moved` takes precedence over all else.

    `hours_on`: the hours of a single date, such as the short day before a holiday. `evening`: the time from which a
    reply no longer promises an answer today (U-28).
    """

    zone: Annotated[str, AfterValidator(_zone)]
    hours: Hours
    weekend: Annotated[tuple[Weekday, ...], AfterValidator(_some_day_is_left)] = ("sat", "sun")
    country: Country | None = None
    moved: dict[Day, Literal["working", "off"]] = Field(default_factory=dict)
    hours_on: dict[Day, Intervals] = Field(default_factory=dict)
    evening: DayTime = timedelta(hours=17)

    def is_working_day(self, day: date) -> bool:
        """Return True unless it is a weekend or a holiday; `moved` takes precedence."""
        moved = self.moved.get(day)
        if moved is not None:
            return moved == "working"
        public = public_days(self.country, day.year)
        return day not in public.off and (WEEKDAYS[day.weekday()] not in self.weekend or day in public.working)

    def hours_of(self, day: date) -> Intervals:
        """Return the hours of a date, as if it were a working day: its own, else those of its weekday."""
        return self.hours_on.get(day) or self.hours.on(day)


class Calendars(Strict):
    """All of `calendar.yml`; `company` names the calendar of everybody without another one."""

    company: Id
    calendars: Annotated[dict[Id, Calendar], Field(min_length=1)]

    def named(self, name: str | None = None) -> Calendar:
        """Return the calendar of this name, or the company's; raises KeyError for an unknown name."""
        return self.calendars[name or self.company]

    def day_of(self, moment: datetime) -> date:
        """Return the date at a moment in the company's time zone."""
        return moment.astimezone(ZoneInfo(self.named().zone)).date()
