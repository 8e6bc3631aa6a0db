"""The days off of a country, as the library `holidays` knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Literal

import holidays

_YEARS = 64  # that are cached
Country = Literal["RU", "KZ"]
_FILES: dict[Country, str] = {"RU": "russia", "KZ": "kazakhstan"}


@dataclass(frozen=True, slots=True)
class PublicDays:
    """A country's year: the holidays, and the weekend days that were made working days."""

    off: frozenset[date]
    working: frozenset[date]


@lru_cache(maxsize=_YEARS)
def public_days(country: Country | None, year: int) -> PublicDays:
    """Return the public days of a year; none when there is no country."""
    if country is None:
        return PublicDays(frozenset(), frozenset())
    found = _known(country)(years=year)
    return PublicDays(frozenset(found), frozenset(found.weekend_workdays))


@cache
def _known(country: Country) -> type[holidays.HolidayBase]:
    """Load the library's class of a country from its own file.

    Importing the package of countries would load all 250 of them, which takes half a second and 17 MB.
    """
    file = Path(holidays.__file__).parent / "countries" / f"{_FILES[country]}.py"
    spec = spec_from_file_location(f"config.holidays_{country}", file)
    assert spec is not None and spec.loader is not None  # noqa: S101 # for the types alone
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type[holidays.HolidayBase] = getattr(module, country)
    return found
