"""Daily roll-ups: the clock counts each day's facts once, and reports add up the days of a period.

A day is counted again while more facts about it may arrive (a late event, a case that was stuck); then it is final, and
its figures never change.
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
TOPICS = 50  # per day; the rest is counted together
OTHER = "…"
FINAL = timedelta(days=3)  # after the end of a day
AGAIN = timedelta(hours=1)  # how often a past day that is not final is counted again
HOUR = timedelta(hours=1)
_LOCK = 7_310_422  # any fixed number: PostgreSQL's advisory lock for counting

_NAMES = (*COUNTS, *BUCKETS)

Row = dict[str, int]


@dataclass
class Counted:
    """Counts by (dimension, value), and requests asked by hour."""

    rows: dict[tuple[str, str], Row]
    hours: dict[tuple[str, str, int], int]


def bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the moments at which these days begin and end in a time zone."""
    start = datetime.combine(first, time.min, zone).astimezone(UTC)
    return start, datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC)


def bucket(took: timedelta) -> str:
    """Return the column of an answer time; an edge belongs to the bucket below it: 24 hours is «within 24 hours»."""
    return BUCKETS[bisect_left(EDGES, took / HOUR)]


def empty() -> Row:
    """Return counts of zero."""
    return dict.fromkeys(_NAMES, 0)


def add(row: Row, fact: Fact) -> None:
    """Count one fact."""
    name = fact.kind if fact.kind in ("asked", "ignored") else f"{fact.kind}_{fact.step}"
    row[name] += 1
    if fact.took is not None:
        row[bucket(fact.took)] += 1


def count(found: Iterable[Fact], zone: ZoneInfo) -> Counted:
    """Count facts, each under its department, agent and topic, and under all."""
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
    """Return the topics with rows of their own: free texts would make too many."""
    counts: dict[str, int] = defaultdict(int)
    for fact in found:
        counts[fact.topic] += 1
    return set(sorted(counts, key=lambda topic: (-counts[topic], topic))[:TOPICS])


def due(connection: sa.Connection, now: datetime, zone: ZoneInfo) -> list[date]:
    """Return the days to count: those never counted, today, and those that are not final.

    In order and without gaps, or missing days could not be determined.
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
    """Return the days before the first one counted, latest first: a request may be reported late."""
    first = connection.execute(sa.select(sa.func.min(requests.c.since))).scalar()
    counted = connection.execute(sa.select(sa.func.min(report_days.c.day))).scalar()
    if first is None or counted is None:
        return []
    begun, end = first.astimezone(zone).date(), min(counted, now.astimezone(zone).date())
    return [end - timedelta(days=number + 1) for number in range((end - begun).days)]


def count_day(connection: sa.Connection, day: date, now: datetime, zone: ZoneInfo, last: int) -> None:
    """Count a day, in a transaction of its own; one clock at a time."""
    start, end = bounds(day, day, zone)
    if is_postgresql(connection):  # SQLite has one writer at a time, which sees what the previous one wrote
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
    """Recompute the figures of a month from those of its days."""
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
    """Return when a day was last counted."""
    moment: datetime | None = connection.execute(
        sa.select(report_days.c.counted_at).where(report_days.c.day == day)
    ).scalar()
    return moment


def by_day(connection: sa.Connection, first: date, last: date, place: tuple[str, str]) -> dict[date, Row]:
    """Return each day's figures for one value of a dimension."""
    t = report_rows
    where = (t.c.dimension == place[0], t.c.value == place[1], t.c.day >= first, t.c.day <= last)
    found = sa.select(t.c.day, *(t.c[name] for name in _NAMES)).where(*where)
    return {row.day: _row(row) for row in connection.execute(found)}


def by_value(connection: sa.Connection, first: date, last: date, dimension: str) -> dict[str, Row]:
    """Return the figures of a period for each value of a dimension, from its whole months and the days around them."""
    t, m = report_rows, report_months
    start = first if first.day == 1 else _next_month(first)
    end = max(start, (last + timedelta(days=1)).replace(day=1))  # from here on there is no whole month
    within = (t.c.dimension == dimension, t.c.day >= first, t.c.day <= last)
    days = sa.select(t.c.value, *(t.c[name] for name in _NAMES)).where(*within, sa.or_(t.c.day < start, t.c.day >= end))
    whole = (m.c.dimension == dimension, m.c.month >= start, m.c.month < end)
    pieces = days.union_all(sa.select(m.c.value, *(m.c[name] for name in _NAMES)).where(*whole)).subquery()
    found = sa.select(pieces.c.value, *_sums(pieces)).group_by(pieces.c.value)
    return {row.value: _row(row) for row in connection.execute(found)}


def by_hour(connection: sa.Connection, first: date, last: date, place: tuple[str, str]) -> dict[tuple[int, int], int]:
    """Return how many requests were asked, by weekday (Monday is 0) and hour."""
    t = report_hours
    where = (t.c.dimension == place[0], t.c.value == place[1], t.c.day >= first, t.c.day <= last)
    sunday_first = sa.extract("dow", t.c.day)
    found = sa.select(sunday_first, t.c.hour, sa.func.sum(t.c.asked)).where(*where).group_by(sunday_first, t.c.hour)
    return {(int(day + 6) % 7, hour): int(asked) for day, hour, asked in connection.execute(found)}


def _row(row: sa.Row[Any]) -> Row:
    # these are the last columns of each query
    return {name: int(value) for name, value in zip(_NAMES, row[-len(_NAMES) :], strict=True)}


def live(connection: sa.Connection, span: Span, narrow: Narrow, limit: int) -> list[Fact] | None:
    """Return the facts that no roll-up covers (several filters at once); `None` if there are too many."""
    found = list(facts(connection, span, narrow, limit + 1))
    return found if len(found) <= limit else None


def values(connection: sa.Connection, first: date, last: date, dimension: str, limit: int) -> list[str]:
    """Return the values of a dimension in the months of these days, most asked first."""
    t = report_months
    where = (t.c.dimension == dimension, t.c.month >= first.replace(day=1), t.c.month <= last, t.c.value != OTHER)
    found = sa.select(t.c.value).where(*where).group_by(t.c.value).order_by(sa.func.sum(t.c.asked).desc(), t.c.value)
    return list(connection.execute(found.limit(limit)).scalars())
