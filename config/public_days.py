"""The days off of a country, as the library `holidays` knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from holidays import country_holidays

_YEARS = 64  # that are kept


@dataclass(frozen=True, slots=True)
class PublicDays:
    """A country's year: the holidays, and the days of the weekend that were made working ones."""

    off: frozenset[date]
    working: frozenset[date]


@lru_cache(maxsize=_YEARS)
def public_days(country: str | None, year: int) -> PublicDays:
    """The public days of a year; no country has none."""
    if country is None:
        return PublicDays(frozenset(), frozenset())
    found = country_holidays(country, years=year)
    return PublicDays(frozenset(found), frozenset(found.weekend_workdays))
