"""The last 24 hours as three small charts: throughput, the share of faults, how long events took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from markupsafe import Markup

from store import traffic
from store.traffic import Hour
from web.lead import charts
from web.lead.spans import percent
from web.words import word

_SMALL = (330, 130)
_LONG = timedelta(seconds=10)  # from here on an axis counts seconds, below it milliseconds
_TAIL = 0.95


@dataclass(frozen=True)
class TrafficChart:
    """`figure` sums the day up; `keys` tell the colours apart where there are several."""

    name: str
    figure: str
    picture: Markup
    keys: Sequence[tuple[str, str]] = ()


def charts_of_day(connection: sa.Connection, now: datetime, zone: ZoneInfo) -> list[TrafficChart]:
    """The three; none where nothing went through."""
    hours = traffic.last_day(connection, now)
    if not any(hour.finished or hour.dead for hour in hours):
        return []
    labels = [f"{hour.start.astimezone(zone):%H}:00" for hour in hours]
    return [_throughput(hours, labels), _faults(hours, labels), _latency(hours, labels)]


def _throughput(hours: Sequence[Hour], labels: Sequence[str]) -> TrafficChart:
    counts = [hour.finished for hour in hours]
    more = "+" if max(counts) >= traffic.MOST else ""
    name = word("traffic", "throughput")
    picture = charts.columns(name, labels, [("bar", word("traffic", "events"), counts)], _SMALL)
    return TrafficChart(name, f"{sum(counts)}{more} {word('traffic', 'events')}", picture)


def _faults(hours: Sequence[Hour], labels: Sequence[str]) -> TrafficChart:
    shares = [hour.dead / (hour.finished + hour.dead) if hour.dead else 0.0 for hour in hours]
    dead = sum(hour.dead for hour in hours)
    total = dead + sum(hour.finished for hour in hours)
    name = word("traffic", "faults")
    series = [("bar-bad", word("traffic", "percent"), [round(share * 100) for share in shares])]
    figure = f"{percent(dead / total)} ({dead})" if dead else word("traffic", "no_faults")
    return TrafficChart(name, figure, charts.columns(name, labels, series, _SMALL))


def _latency(hours: Sequence[Hour], labels: Sequence[str]) -> TrafficChart:
    middle, slow = ([_quantile(hour.took, share) for hour in hours] for share in (0.5, _TAIL))
    unit = "seconds" if max(slow) >= _LONG else "milliseconds"
    size = timedelta(seconds=1) if unit == "seconds" else timedelta(milliseconds=1)
    named = (("bar", word("traffic", "median"), middle), ("bar-third", word("traffic", "tail"), slow))
    series = [(key, said, [round(gap / size) for gap in values]) for key, said, values in named]
    name = f"{word('traffic', 'latency')}, {word('traffic', unit)}"
    everything = sorted(gap for hour in hours for gap in hour.took)
    half, most = (round(_quantile(everything, share) / size) for share in (0.5, _TAIL))
    short = word("traffic", unit)
    figure = f"{word('traffic', 'median')} {half} {short}, {word('traffic', 'tail')} {most} {short}"
    keys = [(key, said) for key, said, _ in named]
    return TrafficChart(name, figure, charts.columns(name, labels, series, _SMALL), keys)


def _quantile(took: Sequence[timedelta], share: float) -> timedelta:
    """A quantile of times in order; nothing where there are none."""
    return took[min(int(share * len(took)), len(took) - 1)] if took else timedelta(0)
