"""The figures of the reminder report, shared by the page, the files and the digest (U-30).

Each fact counts on the day on which it happened, in the company's time zone. What the roll-ups do not cover (two
filters at once) is counted from the requests themselves, up to a limit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from config import Config
from store import rollups
from store.facts import EVERYBODY, Fact, Narrow, Span
from store.rollups import DIMENSIONS, Row
from store.tables.reports import BUCKETS, EDGES

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONGEST = 366  # days
LINES = 62  # lines of a table or chart that shows single days
WEEK = 7
LIVE = 50_000  # the most facts of a kind that are counted one by one
IN_TIME = 24  # hours


class TooMuchError(Exception):
    """A filter that no roll-up covers needs more facts than may be counted at once."""


@dataclass(frozen=True)
class Period:
    """A range of days, both ends included. Raises ValueError if they are in the wrong order or too many."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not 0 < self.days <= LONGEST:
            raise ValueError("a period has 1 to 366 days")

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1

    @property
    def step(self) -> int:
        """The number of days per line of a table or chart: one, or a week in a long period."""
        return 1 if self.days <= LINES else WEEK

    @property
    def before(self) -> Period:
        """The period of the same length right before."""
        return Period(self.first - self.days * DAY, self.first - DAY)

    @classmethod
    def up_to(cls, last: date, days: int) -> Self:
        """Return the period of `days` days that ends on `last`."""
        return cls(last - (days - 1) * DAY, last)


@dataclass(frozen=True)
class Figures:
    """`sent`: numbers of 1st, 2nd and 3rd reminders; `answered`: of answers after none, one, two and three of them.

    `within`: the share (0…1) of answers within 24 hours; `median` and `p90`: of the answer times; `None` without
    answers.
    """

    asked: int
    sent: tuple[int, ...]
    answered: tuple[int, ...]
    ignored: int
    within: float | None
    median: timedelta | None
    p90: timedelta | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Compute the figures from counts."""
        times = [row[name] for name in BUCKETS]
        answers = sum(times)
        return cls(
            asked=row["asked"],
            sent=tuple(row[f"sent_{step}"] for step in (1, 2, 3)),
            answered=tuple(row[f"answered_{step}"] for step in (0, 1, 2, 3)),
            ignored=row["ignored"],
            within=sum(times[: EDGES.index(IN_TIME) + 1]) / answers if answers else None,
            median=quantile(times, 0.5),
            p90=quantile(times, 0.9),
        )

    @property
    def answers(self) -> int:
        """The number of all answers."""
        return sum(self.answered)

    @property
    def reminders(self) -> int:
        """The number of all reminders."""
        return sum(self.sent)


@dataclass(frozen=True)
class Report:
    """All that the report shows. `days`: each day with its figures; in a long period each week, by its first day.

    `parts`: by dimension, each value with its figures, most asked first; a filter leaves only its own. `hours`: number
    asked by weekday (Monday is 0) and hour. `counted_at`: when the roll-up was counted, `None` if it was not.
    """

    period: Period
    narrow: Narrow
    total: Figures
    before: Figures
    days: Sequence[tuple[date, Figures]]
    parts: Mapping[str, Sequence[tuple[str, Figures]]]
    hours: Mapping[tuple[int, int], int]
    counted_at: datetime | None

    @property
    def nothing(self) -> bool:
        """Whether nothing at all happened."""
        return not (self.total.asked or self.total.reminders or self.total.answers or self.total.ignored)


def quantile(times: Sequence[int], share: float) -> timedelta | None:
    """Return a quantile of a histogram of hours: linear within its bucket, capped at the last edge."""
    rest = share * sum(times)
    if rest == 0:
        return None
    low = 0
    for number, edge in enumerate(EDGES):
        if times[number] and rest <= times[number]:
            return timedelta(hours=low + (edge - low) * rest / times[number])
        rest -= times[number]
        low = edge
    return EDGES[-1] * HOUR


def last_step(config: Config) -> int:
    """Return the number of the last escalation step."""
    return len(config.departments.ladder) - 1


def report(connection: sa.Connection, config: Config, period: Period, narrow: Narrow = EVERYBODY) -> Report:
    """Return the figures of a period. Raises `TooMuchError`."""
    found = _of_rollups if len(narrow.values) <= 1 else _live
    return found(connection, config, period, narrow)


def _of_rollups(connection: sa.Connection, config: Config, period: Period, narrow: Narrow) -> Report:
    place = next(iter(narrow.values.items()), (rollups.ALL, ""))
    days = rollups.by_day(connection, period.first, period.last, place)
    earlier = rollups.by_day(connection, period.before.first, period.before.last, place)
    total = added(days.values())
    if narrow.values:
        parts = {place[0]: [(place[1], Figures.of(total))]}
    else:
        parts = {
            dimension: _ordered(rollups.by_value(connection, period.first, period.last, dimension))
            for dimension in DIMENSIONS
        }
    return Report(
        period=period,
        narrow=narrow,
        total=Figures.of(total),
        before=Figures.of(added(earlier.values())),
        days=_all_days(period, days),
        parts=parts,
        hours=rollups.by_hour(connection, period.first, period.last, place),
        counted_at=rollups.counted_at(connection, period.last),
    )


def _live(connection: sa.Connection, config: Config, period: Period, narrow: Narrow) -> Report:
    zone = ZoneInfo(config.calendar.named().zone)
    found = _facts(connection, config, period, narrow)
    days: dict[date, Row] = defaultdict(rollups.empty)
    for fact in found:
        rollups.add(days[fact.at.astimezone(zone).date()], fact)
    counted = rollups.count(found, zone)
    hours: dict[tuple[int, int], int] = defaultdict(int)
    for fact in found:
        if fact.kind == "asked":
            local = fact.at.astimezone(zone)
            hours[(local.weekday(), local.hour)] += 1
    before: Row = rollups.empty()
    for fact in _facts(connection, config, period.before, narrow):
        rollups.add(before, fact)
    values: dict[str, dict[str, Row]] = {dimension: {} for dimension in DIMENSIONS}
    for (dimension, value), row in counted.rows.items():
        if dimension in values:
            values[dimension][value] = row
    return Report(
        period=period,
        narrow=narrow,
        total=Figures.of(added(days.values())),
        before=Figures.of(before),
        days=_all_days(period, days),
        parts={dimension: _ordered(rows) for dimension, rows in values.items()},
        hours=dict(hours),
        counted_at=None,
    )


def _facts(connection: sa.Connection, config: Config, period: Period, narrow: Narrow) -> list[Fact]:
    found = rollups.live(connection, span(config, period), narrow, LIVE)
    if found is None:
        raise TooMuchError
    return found


def span(config: Config, period: Period) -> Span:
    """Return the moments of a period in the company's time zone."""
    start, end = rollups.bounds(period.first, period.last, ZoneInfo(config.calendar.named().zone))
    return Span(start, end, last_step(config))


def added(rows: Iterable[Row]) -> Row:
    """Return the sum of counts."""
    total = rollups.empty()
    for row in rows:
        for name, value in row.items():
            total[name] += value
    return total


def _all_days(period: Period, days: Mapping[date, Row]) -> list[tuple[date, Figures]]:
    step = period.step
    firsts = [period.first + number * DAY for number in range(0, period.days, step)]
    pieces = ([first + number * DAY for number in range(step)] for first in firsts)
    rows = (added(days[day] for day in piece if day in days) for piece in pieces)
    return [(first, Figures.of(row)) for first, row in zip(firsts, rows, strict=True)]


def _ordered(rows: Mapping[str, Row]) -> list[tuple[str, Figures]]:
    figures = [(value, Figures.of(row)) for value, row in rows.items()]
    return sorted(figures, key=lambda pair: (-pair[1].asked, -pair[1].answers, pair[0]))
