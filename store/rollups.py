"""Daily roll-ups: the clock counts each day's facts once, and reports of any period add the days up.

A day is counted anew while facts may still be learnt of it (an event that came late, a case that stood); then it is
final, and its figures never change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from store.dialect import is_postgresql
from store.facts import Fact, Narrow, Span, facts
from store.tables.reports import BUCKETS, COUNTS, EDGES, report_days, report_hours, report_months, report_rows
from store.tables.requests import requests

ALL = "all"
DIMENSIONS = ("department", "agent", "topic")
TOPICS = 50  # of a day; the rest is counted together
OTHER = "…"
FINAL = timedelta(days=3)  # after the end of a day
AGAIN = timedelta(hours=1)  # a day that is over, and not final, is counted as often
HOUR = timedelta(hours=1)
_LOCK = 7_310_422  # any fixed number: PostgreSQL's advisory lock for counting

_NAMES = (*COUNTS, *BUCKETS)

Row = dict[str, int]


@dataclass
class Counted:
    """Counts by (dimension, value), and the asked by the hour."""

    rows: dict[tuple[str, str], Row]
    hours: dict[tuple[str, str, int], int]


def bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments that these days are between, both included, by the clock of a zone."""
    start = datetime.combine(first, time.min, zone).astimezone(UTC)
    return start, datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC)


def bucket(took: timedelta) -> str:
    """The column of an answer time; an edge belongs to what is below it: 24 hours are «within 24 hours»."""
    return BUCKETS[bisect_left(EDGES, took / HOUR)]


def empty() -> Row:
    """Nothing happened."""
    return dict.fromkeys(_NAMES, 0)


def add(row: Row, fact: Fact) -> None:
    """Count one fact."""
    name = fact.kind if fact.kind in ("asked", "ignored") else f"{fact.kind}_{fact.step}"
    row[name] += 1
    if fact.took is not None:
        row[bucket(fact.took)] += 1


def count(found: Iterable[Fact], zone: ZoneInfo) -> Counted:
    """Count facts under everything that each belongs to."""
    rows: dict[tuple[str, str], Row] = defaultdict(empty)
    hours: dict[tuple[str, str, int], int] = defaultdict(int)
    kept = list(found)
    topics = _largest(kept)
    for fact in kept:
        topic = fact.topic if fact.topic in topics else OTHER
        places = ((ALL, ""), ("department", fact.department), ("agent", fact.agent), ("topic", topic))
        for place in places:
            add(rows[place], fact)
            if fact.kind == "asked":
                hours[(*place, fact.at.astimezone(zone).hour)] += 1
    return Counted(dict(rows), dict(hours))


def _largest(found: Sequence[Fact]) -> set[str]:
    """The topics that are told apart: free texts are no good rows of a report."""
    counts: dict[str, int] = defaultdict(int)
    for fact in found:
        counts[fact.topic] += 1
    return set(sorted(counts, key=lambda topic: (-counts[topic], topic))[:TOPICS])


def due(connection: sa.Connection, now: datetime, zone: ZoneInfo) -> list[date]:
    """The days that are to be counted: those that nobody counted, today, and those that are not final.

    In order and without a gap, or nobody would know which days are missing.
    """
    today = now.astimezone(zone).date()
    known = connection.execute(sa.select(report_days.c.day).order_by(report_days.c.day.desc()).limit(1)).scalar()
    if known is None:
        first = connection.execute(sa.select(sa.func.min(requests.c.since))).scalar()
        known = (min(first, now).astimezone(zone).date() if first else today) - timedelta(days=1)
    new = [known + timedelta(days=number + 1) for number in range((today - known).days)]
    new = _before_all(connection, now, zone) + new
    again = sa.select(report_days.c.day).where(report_days.c.final.is_(False), report_days.c.day < today)
    stale = again.where(report_days.c.counted_at <= now - AGAIN).order_by(report_days.c.day)
    return [*(new or [today]), *connection.execute(stale).scalars()]


def _before_all(connection: sa.Connection, now: datetime, zone: ZoneInfo) -> list[date]:
    """The days before the first that was counted, the last of them first: a request may be told of late."""
    first = connection.execute(sa.select(sa.func.min(requests.c.since))).scalar()
    counted = connection.execute(sa.select(sa.func.min(report_days.c.day))).scalar()
    if first is None or counted is None:
        return []
    begun, end = first.astimezone(zone).date(), min(counted, now.astimezone(zone).date())
    return [end - timedelta(days=number + 1) for number in range((end - begun).days)]


def count_day(connection: sa.Connection, day: date, now: datetime, zone: ZoneInfo, last: int) -> None:
    """Count a day, in a transaction of its own; one clock at a time."""
    start, end = bounds(day, day, zone)
    if is_postgresql(connection):  # SQLite has one writer, who finds what the one before has written
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    counted = count(facts(connection, Span(start, end, last)), zone)
    values = {"counted_at": now, "final": now >= end + FINAL}
    if connection.execute(sa.update(report_days).where(report_days.c.day == day).values(**values)).rowcount == 0:
        connection.execute(sa.insert(report_days).values(day=day, **values))
    _write(connection, day, counted)
    _add_month_up(connection, day.replace(day=1))


def _write(connection: sa.Connection, day: date, counted: Counted) -> None:
    for table in (report_rows, report_hours):
        connection.execute(sa.delete(table).where(table.c.dimension.in_((ALL, *DIMENSIONS)), table.c.day == day))
    rows = [
        {"dimension": dimension, "day": day, "value": value[:255], **row}
        for (dimension, value), row in counted.rows.items()
    ]
    hours = [
        {"dimension": dimension, "day": day, "value": value[:255], "hour": hour, "asked": asked}
        for (dimension, value, hour), asked in counted.hours.items()
    ]
    if rows:
        connection.execute(sa.insert(report_rows), rows)
    if hours:
        connection.execute(sa.insert(report_hours), hours)


def _add_month_up(connection: sa.Connection, month: date) -> None:
    """Write the figures of a month anew, out of those of its days."""
    t = report_rows
    connection.execute(sa.delete(report_months).where(report_months.c.month == month))
    where = (t.c.dimension.in_(DIMENSIONS), t.c.day >= month, t.c.day < _next_month(month))
    summed = sa.select(t.c.dimension, sa.literal(month, sa.Date), t.c.value, *_sums(t)).where(*where)
    into = ("dimension", "month", "value", *_NAMES)
    connection.execute(sa.insert(report_months).from_select(into, summed.group_by(t.c.dimension, t.c.value)))


def _sums(t: sa.FromClause) -> list[sa.Label[Any]]:
    return [sa.func.sum(t.c[name]).label(name) for name in _NAMES]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def counted_at(connection: sa.Connection, day: date) -> datetime | None:
    """When a day was counted last."""
    moment: datetime | None = connection.execute(
        sa.select(report_days.c.counted_at).where(report_days.c.day == day)
    ).scalar()
    return moment


def by_day(connection: sa.Connection, first: date, last: date, place: tuple[str, str]) -> dict[date, Row]:
    """Each day's figures of one value of a dimension."""
    t = report_rows
    where = (t.c.dimension == place[0], t.c.value == place[1], t.c.day >= first, t.c.day <= last)
    found = sa.select(t.c.day, *(t.c[name] for name in _NAMES)).where(*where)
    return {row.day: _row(row) for row in connection.execute(found)}


def by_value(connection: sa.Connection, first: date, last: date, dimension: str) -> dict[str, Row]:
    """The figures of a period of each value of a dimension: of its whole months, and of the days around them."""
    t, m = report_rows, report_months
    start = first if first.day == 1 else _next_month(first)
    end = max(start, (last + timedelta(days=1)).replace(day=1))  # what begins here is no whole month any more
    within = (t.c.dimension == dimension, t.c.day >= first, t.c.day <= last)
    days = sa.select(t.c.value, *(t.c[name] for name in _NAMES)).where(*within, sa.or_(t.c.day < start, t.c.day >= end))
    whole = (m.c.dimension == dimension, m.c.month >= start, m.c.month < end)
    pieces = days.union_all(sa.select(m.c.value, *(m.c[name] for name in _NAMES)).where(*whole)).subquery()
    found = sa.select(pieces.c.value, *_sums(pieces)).group_by(pieces.c.value)
    return {row.value: _row(row) for row in connection.execute(found)}


def by_hour(connection: sa.Connection, first: date, last: date, place: tuple[str, str]) -> dict[tuple[int, int], int]:
    """How many were asked, by weekday (Monday is 0) and hour."""
    t = report_hours
    where = (t.c.dimension == place[0], t.c.value == place[1], t.c.day >= first, t.c.day <= last)
    sunday_first = sa.extract("dow", t.c.day)
    found = sa.select(sunday_first, t.c.hour, sa.func.sum(t.c.asked)).where(*where).group_by(sunday_first, t.c.hour)
    return {(int(day + 6) % 7, hour): int(asked) for day, hour, asked in connection.execute(found)}


def _row(row: sa.Row[Any]) -> Row:
    # they are the last columns of each query
    return {name: int(value) for name, value in zip(_NAMES, row[-len(_NAMES) :], strict=True)}


def live(connection: sa.Connection, span: Span, narrow: Narrow, limit: int) -> list[Fact] | None:
    """The facts of what no roll-up serves (several filters at once); None: there are too many."""
    found = list(facts(connection, span, narrow, limit + 1))
    return found if len(found) <= limit else None


def values(connection: sa.Connection, first: date, last: date, dimension: str, limit: int) -> list[str]:
    """The values of a dimension in the months of these days, the most asked first."""
    t = report_months
    where = (t.c.dimension == dimension, t.c.month >= first.replace(day=1), t.c.month <= last, t.c.value != OTHER)
    found = sa.select(t.c.value).where(*where).group_by(t.c.value).order_by(sa.func.sum(t.c.asked).desc(), t.c.value)
    return list(connection.execute(found.limit(limit)).scalars())
