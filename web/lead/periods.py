"""The days that a report is asked for: what was typed is kept, and what is wrong with it is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import request

from desk.figures import LONGEST, Period

USUAL = 28  # days, up to yesterday
_DAY = timedelta(days=1)


class PeriodError(Exception):
    """No report can be made of these days; `args[0]` is the word of `errors`."""


@dataclass(frozen=True)
class AskedPeriod:
    """`first` and `last` as they were typed; `fault`: what is wrong with them, a word of `errors`; `period` is the
    usual one then. `unfinished`: it includes today, which is not over."""

    period: Period
    first: str
    last: str
    fault: str | None
    unfinished: bool

    def right(self) -> Period:
        """The period. Raises PeriodError."""
        if self.fault:
            raise PeriodError(self.fault)
        return self.period


def asked_period(today: date) -> AskedPeriod:
    """What the address asks for, up to today; four weeks up to yesterday when it asks for none."""
    usual = Period.up_to(today - _DAY, USUAL)
    typed = [request.args.get(name, "").strip() for name in ("first", "last")]
    first, last = (text or day.isoformat() for text, day in zip(typed, (usual.first, usual.last), strict=True))
    found = _read(first, last, today)
    if isinstance(found, str):
        return AskedPeriod(usual, first[:20], last[:20], found, unfinished=False)
    return AskedPeriod(found, first, last, None, unfinished=found.last == today)


def _read(first: str, last: str, today: date) -> Period | str:
    """The period, or what is wrong with it."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return "period_unread"
    if start > end:
        return "period_reversed"
    if start > today:
        return "period_ahead"
    end = min(end, today)
    return Period(start, end) if (end - start).days < LONGEST else "period_long"
