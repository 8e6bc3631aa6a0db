"""The period of a report: what was typed, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import request

from desk.figures import LONGEST, Period

USUAL = 28  # days, up to yesterday
_DAY = timedelta(days=1)


class PeriodError(Exception):
    """No report can be made for these days; `args[0]` is a word of `errors`."""


@dataclass(frozen=True)
class AskedPeriod:
    """`first` and `last` as they were typed, and the period that they mean.

    `fault`: what is wrong with them, a word of `errors`; then `period` is the usual one. `unfinished`: it includes
    today.
    """

    period: Period
    first: str
    last: str
    fault: str | None
    unfinished: bool

    def right(self) -> Period:
        """Return the period; raises PeriodError when it is faulty."""
        if self.fault:
            raise PeriodError(self.fault)
        return self.period


def asked_period(today: date) -> AskedPeriod:
    """Return the period in the query, up to today at most; by default four weeks up to yesterday."""
    usual = Period.up_to(today - _DAY, USUAL)
    typed = [request.args.get(name, "").strip() for name in ("first", "last")]
    first, last = (text or day.isoformat() for text, day in zip(typed, (usual.first, usual.last), strict=True))
    found = _read(first, last, today)
    if isinstance(found, str):
        return AskedPeriod(usual, first[:20], last[:20], found, unfinished=False)
    return AskedPeriod(found, first, last, None, unfinished=found.last == today)


def _read(first: str, last: str, today: date) -> Period | str:
    """Return the period, or a word for what is wrong with it."""
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
