"""The tables and tiles of the report: no columns of zeros, and each tile with its change and its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from desk.figures import Figures, Report
from store.tables.reports import STEPS
from web.lead import charts
from web.lead.spans import percent, took
from web.words import word

_WEEK, _HOURS, _SHADES = 7, 24, 5
Value = int | float | timedelta | None


@dataclass(frozen=True)
class Column:
    """A column of figures; `kind` and `step` name the list behind each figure, if there is one."""

    name: str
    value: Callable[[Figures], Value]
    kind: str | None = None
    step: int | None = None

    @property
    def heading(self) -> str:
        """The column's heading."""
        return word("figures_short", self.name)

    def said(self, one: Figures) -> str:
        """Return the figure as text."""
        return _said(self.value(one))


@dataclass(frozen=True)
class Tile:
    """A figure of the whole period; `change` is against the same number of days before, empty without a comparison."""

    name: str
    value: str
    kind: str | None
    before: str
    change: str
    line: Markup


def _of_step(name: str, step: int) -> Callable[[Figures], Value]:
    if name == "sent":
        return lambda one: one.sent[step - 1]
    return lambda one: one.answered[step]


_ASKED = Column("asked", lambda one: one.asked, "asked")
_IGNORED = Column("ignored", lambda one: one.ignored, "ignored")
_TIMES = (
    Column("within", lambda one: one.within),
    Column("median", lambda one: one.median),
    Column("p90", lambda one: one.p90),
)
COLUMNS = (
    _ASKED,
    *(Column(f"sent_{step}", _of_step("sent", step), "sent", step) for step in range(1, STEPS + 1)),
    *(Column(f"answered_{step}", _of_step("answered", step), "answered", step) for step in range(STEPS + 1)),
    _IGNORED,
    *_TIMES,
)
_TILES = (
    _ASKED,
    Column("reminders", lambda one: one.reminders, "sent"),
    Column("answers", lambda one: one.answers, "answered"),
    _IGNORED,
    *_TIMES,
)


def columns_of(rows: Iterable[Figures]) -> list[Column]:
    """Return the columns that have any figures; the number of requests is always there."""
    kept = list(rows)
    return [column for column in COLUMNS if column is _ASKED or any(column.value(one) for one in kept)]


def tiles(found: Report) -> list[Tile]:
    """Return the tiles of the whole period."""
    made = []
    for column in _TILES:
        now, before = column.value(found.total), column.value(found.before)
        line = charts.sparkline([_number(column.value(one)) for _, one in found.days])
        change = _change(now, before) if before is not None and now is not None else ""
        was = _said(before) if before is not None else ""
        made.append(Tile(column.heading, _said(now), column.kind if now else None, was, change, line))
    return made


def heat(hours: Mapping[tuple[int, int], int]) -> Sequence[tuple[str, Sequence[tuple[int, int]]]]:
    """Return the weekdays with their 24 hours, each as a count and its shade (0…5)."""
    most = max([*hours.values(), 1])
    days = []
    for weekday in range(_WEEK):
        counts = [hours.get((weekday, hour), 0) for hour in range(_HOURS)]
        days.append((word("weekdays", weekday), [(count, -(-count * _SHADES // most)) for count in counts]))
    return days


def _said(value: Value) -> str:
    if isinstance(value, timedelta):
        return took(value)
    return "—" if value is None else percent(value) if isinstance(value, float) else str(value)


def _number(value: Value) -> float | None:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _change(now: Value, before: Value) -> str:
    """Return the change as text: shares in points, times as times, counts in per cent."""
    one, other = _number(now) or 0.0, _number(before) or 0.0
    if isinstance(now, float):
        gap = f"{round(abs(one - other) * 100)}\u00a0{word('change', 'points')}"
    elif isinstance(now, timedelta):
        gap = took(timedelta(seconds=abs(one - other)))
    elif not other:
        return ""
    else:
        gap = percent(abs(one - other) / other)
    return f"{'▲' if one > other else '▼'} {gap}" if one != other else word("change", "none")
