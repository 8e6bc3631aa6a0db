"""When people work, as shipped, and what an admin may say."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from holidays import country_holidays
from pydantic import ValidationError

from config import Config, load
from config.calendar import Calendar

HOUR = timedelta(hours=1)
LUNCH = ((9 * HOUR, 13 * HOUR), (14 * HOUR, 18 * HOUR))


def test_what_the_shipped_table_says(folder: Path, env: dict[str, str]) -> None:
    table = load(folder, env).calendar
    company, kazakhstan = table.named(), table.named("kazakhstan")
    assert table.named("company") == company
    assert (company.zone, company.country, kazakhstan.zone, kazakhstan.country) == (
        "Europe/Moscow",
        "RU",
        "Asia/Almaty",
        "KZ",
    )
    for calendar in (company, kazakhstan):
        assert calendar.hours.all == LUNCH
        assert (calendar.evening, calendar.weekend) == (17 * HOUR, ("sat", "sun"))
    assert company.moved[date(2027, 2, 20)] == "working"
    with pytest.raises(KeyError):
        table.named("moon")


def test_the_moved_days_are_those_that_the_country_knows(folder: Path, env: dict[str, str]) -> None:
    for day, kind in load(folder, env).calendar.named().moved.items():
        public = country_holidays("RU", years=day.year)
        assert (day in public, day in public.weekend_workdays) == (kind == "off", kind == "working")


def by_the_labour_code(year: int) -> set[date]:
    """The short days of Russia: before a holiday, and those that are worked in place of such a day (article 95)."""
    public = country_holidays("RU", years=year, language="en_US")
    holidays = {day for day, name in public.items() if not re.search(r"observed|substituted", name)}
    worked_for = {
        datetime.strptime(found[1], "%m/%d/%Y").date(): day
        for day, name in public.items()
        if (found := re.search(r"substituted from (\S+)\)", name))
    }
    eves = {day - timedelta(days=1) for day in holidays}
    stands_for = {day: worked_for.get(day, day) for day in public.weekend_workdays}
    usual = {day for day in eves if day.weekday() < 5 and day not in public}
    return usual | {day for day, instead in stands_for.items() if instead in eves}


@pytest.mark.parametrize("year", [2026, 2027])
def test_the_day_before_a_holiday_is_an_hour_shorter_in_russia(folder: Path, env: dict[str, str], year: int) -> None:
    company = load(folder, env).calendar.named()
    assert {day for day in company.hours_on if day.year == year} == by_the_labour_code(year)
    for day, hours in company.hours_on.items():
        assert company.is_working_day(day)
        assert hours == (*LUNCH[:-1], (LUNCH[-1][0], LUNCH[-1][1] - HOUR))


def test_kazakhstan_shortens_no_day(folder: Path, env: dict[str, str]) -> None:
    assert load(folder, env).calendar.named("kazakhstan").hours_on == {}


def test_a_date_has_its_own_hours_or_those_of_its_weekday() -> None:
    short = {"2026-11-20": [["10:00", "12:00"]]}
    calendar = Calendar.model_validate({"zone": "UTC", "hours": {"all": [["09:00", "18:00"]]}, "hours_on": short})
    assert calendar.hours_of(date(2026, 11, 20)) == ((10 * HOUR, 12 * HOUR),)
    assert calendar.hours_of(date(2026, 11, 27)) == ((9 * HOUR, 18 * HOUR),)


def test_hours_of_a_day() -> None:
    calendar = Calendar.model_validate(
        {
            "zone": "UTC",
            "hours": {"all": [["09:00", "18:00"]], "fri": [["09:00", "16:30"]], "sun": [["00:00", "24:00"]]},
        }
    )
    week = [calendar.hours.on(date(2026, 11, day)) for day in range(16, 23)]
    assert week[:4] == [((9 * HOUR, 18 * HOUR),)] * 4
    assert week[4:] == [((9 * HOUR, 16.5 * HOUR),), ((9 * HOUR, 18 * HOUR),), ((0 * HOUR, 24 * HOUR),)]


@pytest.mark.parametrize("text", ["9:00", "24:01", "25:00", "12:60", "12:00:00", "полдень", "", "-1:00"])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(ValidationError):
        Calendar.model_validate({"zone": "UTC", "hours": {"all": [["09:00", "18:00"]]}, "evening": text})


def test_intervals_may_touch() -> None:
    hours = {"all": [["09:00", "13:00"], ["13:00", "18:00"]]}
    assert len(Calendar.model_validate({"zone": "UTC", "hours": hours}).hours.all) == 2


def test_the_version_knows_the_calendar(folder: Path, env: dict[str, str]) -> None:
    before = load(folder, env)
    assert Config.restore(before.dump(), env).calendar == before.calendar
    path = folder / "calendar.yml"
    path.write_text(path.read_text(encoding="utf-8").replace('"2027-12-31": "off"', '"2027-12-31": working'), "utf-8")
    after = load(folder, env)
    assert after.calendar.named().moved[date(2027, 12, 31)] == "working"
    assert after.version != before.version
