"""Working time: what the calendar says day by day, and laws that hold in every zone, over changes of the clocks too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.calendar import Calendar
from desk.calendar import WorkCalendar

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
NOTHING = timedelta(0)
LUNCH = [["09:00", "13:00"], ["14:00", "18:00"]]
WHOLE = [["00:00", "24:00"]]
NIGHT = [["00:00", "00:45"], ["01:30", "02:20"], ["02:40", "03:10"], ["23:15", "24:00"]]
SHORT = [["09:00", "12:30"], ["13:00", "17:00"]]
SHORT_NIGHT = [["00:30", "02:30"]]
SHORT_DAYS = ("2026-03-29", "2026-10-25", "2026-12-30", "2027-02-20")  # among them two on which clocks change
ZONES = (
    "Europe/Moscow",
    "Asia/Almaty",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # at midnight
    "Africa/Cairo",  # at midnight
    "America/Havana",  # back to midnight
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # 12:45 ahead
    "UTC",
)


def table(zone: str = "Europe/Moscow", hours: object = LUNCH, **other: object) -> Calendar:
    """A calendar with these hours on all working days, and the same public holidays everywhere."""
    by_day = hours if isinstance(hours, dict) else {"all": hours}
    return Calendar.model_validate({"zone": zone, "hours": by_day, "country": "RU", **other})


def made(zone: str = "Europe/Moscow", hours: object = LUNCH, **other: object) -> WorkCalendar:
    """The same, to reckon with."""
    return WorkCalendar(table(zone, hours, **other))


def at(text: str, zone: str = "Europe/Moscow", fold: int = 0) -> datetime:
    """A moment by the clock on the wall."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


tables = st.builds(
    table,
    zone=st.sampled_from(ZONES),
    hours=st.sampled_from([LUNCH, WHOLE, NIGHT, {"all": LUNCH, "fri": [["08:00", "12:30"]], "sun": WHOLE}]),
    weekend=st.sampled_from([["sat", "sun"], ["fri"], []]),
    country=st.sampled_from(["RU", "KZ", None]),
    moved=st.just({"2027-02-20": "working", "2026-12-31": "off", "2026-03-29": "working", "2026-10-25": "working"}),
    hours_on=st.sampled_from([{}, dict.fromkeys(SHORT_DAYS, SHORT), dict.fromkeys(SHORT_DAYS, SHORT_NIGHT)]),
)
calendars = tables.map(WorkCalendar)
near_a_change = st.sampled_from(
    [datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 4, 5), datetime(2027, 1, 1), datetime(2027, 2, 20)]
)
moments = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),
    st.builds(lambda day, ago: day.replace(tzinfo=UTC) + ago, near_a_change, st.timedeltas(-72 * HOUR, 72 * HOUR)),
)
unhurried = settings(deadline=None)  # the first example loads the holidays
spans = st.one_of(st.just(NOTHING), st.timedeltas(NOTHING, 300 * HOUR), st.integers(0, 600).map(lambda n: n * HOUR))


@unhurried
@given(calendars, moments, spans)
def test_adding_is_the_inverse_of_measuring(calendar: WorkCalendar, moment: datetime, span: timedelta) -> None:
    end = calendar.add_working(moment, span)
    assert end >= moment
    assert calendar.working_between(moment, end) == span
    if span:
        assert calendar.working_between(moment, end - TICK) == span - TICK


@unhurried
@given(calendars, moments, spans, spans)
def test_adding_is_additive_and_monotone(
    calendar: WorkCalendar, moment: datetime, one: timedelta, two: timedelta
) -> None:
    assert calendar.add_working(calendar.add_working(moment, one), two) == calendar.add_working(moment, one + two)
    assert calendar.add_working(moment, one + two) >= calendar.add_working(moment, one)


@unhurried
@given(calendars, st.lists(st.timedeltas(NOTHING, 400 * HOUR), min_size=3, max_size=3), moments)
def test_measuring_is_additive_and_monotone(calendar: WorkCalendar, ahead: list[timedelta], start: datetime) -> None:
    one, two, three = (start + distance for distance in ahead)
    whole = calendar.working_between(one, three)
    assert whole == calendar.working_between(one, two) + calendar.working_between(two, three)
    assert calendar.working_between(three, one) == -whole
    low, high = min(two, three), max(two, three)
    assert calendar.working_between(start, low) <= calendar.working_between(start, high)
    assert NOTHING <= calendar.working_between(low, high) <= high - low


@unhurried
@given(calendars, moments)
def test_the_next_working_moment(calendar: WorkCalendar, moment: datetime) -> None:
    found = calendar.next_working(moment)
    assert calendar.is_working(found)
    assert (found == moment) is calendar.is_working(moment)
    assert calendar.working_between(moment, found) == NOTHING
    assert calendar.next_working(found) == found


@unhurried
@given(tables, moments.map(lambda moment: moment.replace(second=0, microsecond=0)), st.integers(0, 8))
def test_it_is_what_the_clock_on_the_wall_shows(shown: Calendar, moment: datetime, hours: int) -> None:
    calendar, counted = WorkCalendar(shown), 0
    for minute in range(hours * 60):
        now = moment + minute * MINUTE
        local = now.astimezone(ZoneInfo(shown.zone))
        since = timedelta(hours=local.hour, minutes=local.minute)
        weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[local.weekday()]
        open_ = shown.hours_on.get(local.date()) or getattr(shown.hours, weekday) or shown.hours.all
        works = calendar.is_working_day(local.date()) and any(opens <= since < closes for opens, closes in open_)
        assert calendar.is_working(now) is works
        counted += works
    assert calendar.working_between(moment, moment + hours * HOUR) == counted * MINUTE


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Santiago", "2026-09-06", 23),
        ("America/Santiago", "2026-04-04", 25),
        ("Africa/Cairo", "2026-04-24", 23),
        ("Europe/Moscow", "2026-03-29", 24),
    ],
)
def test_a_day_on_which_the_clocks_change(zone: str, day: str, hours: float) -> None:
    calendar = made(zone, WHOLE, weekend=[], country=None)
    date_ = date.fromisoformat(day)
    start = calendar.midnight_after(date_ - timedelta(days=1))
    assert calendar.working_between(start, calendar.midnight_after(date_)) == hours * HOUR
    assert calendar.end_of(date_) == calendar.midnight_after(date_)


def test_hours_that_do_not_come_and_hours_that_come_twice() -> None:
    calendar = made("Europe/Berlin", [["02:00", "03:00"], ["09:00", "10:00"]], weekend=[], country=None)
    spring, autumn = at("2026-03-29T00:00", "Europe/Berlin"), at("2026-10-25T00:00", "Europe/Berlin")
    assert calendar.next_working(spring) == at("2026-03-29T09:00", "Europe/Berlin")
    assert calendar.working_between(spring, spring + 24 * HOUR) == HOUR
    assert calendar.working_between(autumn, autumn + 24 * HOUR) == 3 * HOUR
    assert calendar.add_working(autumn, 2 * HOUR) == at("2026-10-25T03:00", "Europe/Berlin")


def test_over_the_year_end() -> None:
    calendar = made(moved={"2026-12-31": "off"})
    start = at("2026-12-30T17:00")
    assert calendar.add_working(start, HOUR) == at("2026-12-30T18:00")
    assert calendar.add_working(start, 2 * HOUR) == at("2027-01-11T10:00")
    assert calendar.next_working_day(date(2026, 12, 30)) == date(2027, 1, 11)
    assert calendar.working_between(start, at("2027-01-11T10:00")) == 2 * HOUR


def test_lunch_and_the_edges_of_the_day() -> None:
    calendar = made()
    for text, works in {
        "08:59": False,
        "09:00": True,
        "12:59": True,
        "13:00": False,
        "14:00": True,
        "18:00": False,
    }.items():
        assert calendar.is_working(at(f"2026-11-20T{text}")) is works
    assert calendar.next_working(at("2026-11-20T13:30")) == at("2026-11-20T14:00")
    assert calendar.next_working(at("2026-11-20T18:00")) == at("2026-11-23T09:00")
    assert calendar.end_of(date(2026, 11, 20)) == at("2026-11-20T18:00")
    assert calendar.end_of(date(2026, 11, 21)) == at("2026-11-22T00:00")


def test_what_the_country_moved_and_what_the_company_did() -> None:
    calendar = made(moved={"2026-11-21": "working", "2026-11-23": "off", "2027-02-22": "working"})
    days = {"2026-11-21": True, "2026-11-23": False, "2027-02-22": True, "2026-11-04": False, "2027-02-20": True}
    assert {day: calendar.is_working_day(date.fromisoformat(day)) for day in days} == days
    assert made(country=None).is_working_day(date(2026, 11, 4))
    assert not made(country=None).is_working_day(date(2027, 2, 20))
    assert made(country="KZ").is_working_day(date(2026, 11, 4))
    assert not made(country="KZ").is_working_day(date(2026, 12, 16))


def test_a_working_saturday_has_the_hours_of_its_weekday_or_of_all() -> None:
    for hours, end in (({"all": LUNCH}, "18:00"), ({"all": LUNCH, "sat": [["10:00", "15:00"]]}, "15:00")):
        assert made(hours=hours).end_of(date(2027, 2, 20)) == at(f"2027-02-20T{end}")


def test_a_short_day_before_a_holiday() -> None:
    calendar = made(hours_on={"2026-11-03": [["09:00", "13:00"], ["14:00", "17:00"]]})
    eve, after = at("2026-11-03T16:30"), at("2026-11-05T09:30")
    assert calendar.end_of(date(2026, 11, 3)) == at("2026-11-03T17:00")
    assert calendar.add_working(eve, HOUR) == after
    assert calendar.working_between(eve, after) == HOUR
    assert not calendar.is_working(at("2026-11-03T17:00"))
    assert calendar.next_working(at("2026-11-03T17:00")) == at("2026-11-05T09:00")


def test_a_short_day_has_as_many_hours_of_business_time_as_any_other() -> None:
    calendar = made(hours_on={"2026-11-19": [["09:00", "17:00"]]})
    assert calendar.after(at("2026-11-18T16:00"), 24 * HOUR, "business") == at("2026-11-19T16:00")
    assert calendar.after(at("2026-11-19T16:00"), 24 * HOUR, "business") == at("2026-11-20T16:00")


def test_before_days_off() -> None:
    calendar = made()
    days = {"2026-11-20": True, "2026-11-19": False, "2026-11-21": False, "2026-11-03": True, "2027-02-19": False}
    found = {day: calendar.last_working_day_before_days_off(date.fromisoformat(day)) for day in days}
    assert found == days
    assert calendar.last_working_day_before_days_off(date(2027, 2, 20))


def test_a_span_by_either_clock() -> None:
    calendar, friday = made(), at("2026-11-20T16:00")
    assert calendar.after(friday, 24 * HOUR, "calendar") == at("2026-11-21T16:00")
    assert calendar.after(friday, 24 * HOUR, "business") == at("2026-11-23T16:00")
    assert calendar.after(at("2026-11-18T16:00"), 24 * HOUR, "business") == at("2026-11-19T16:00")
    assert calendar.after(at("2026-11-21T16:00"), 8 * HOUR, "business") == at("2026-11-23T08:00")


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-20T20:59:59", "2026-11-20T20:59:59"),
        ("2026-11-20T21:00", "2026-11-21T09:00"),
        ("2026-11-20T23:59", "2026-11-21T09:00"),
        ("2026-11-20T00:00", "2026-11-20T09:00"),
        ("2026-11-20T09:00", "2026-11-20T09:00"),
    ],
)
def test_quiet_hours_over_midnight(now: str, then: str) -> None:
    assert made().after_quiet(at(now), (21 * HOUR, 9 * HOUR)) == at(then)


def test_other_quiet_hours() -> None:
    calendar = made("Europe/Berlin")
    assert calendar.after_quiet(at("2026-11-20T13:30"), None) == at("2026-11-20T13:30")
    noon = at("2026-11-20T12:30", "Europe/Berlin")
    assert calendar.after_quiet(noon, (12 * HOUR, 24 * HOUR)) == at("2026-11-21T00:00", "Europe/Berlin")
    never_comes = calendar.after_quiet(at("2026-03-29T01:30", "Europe/Berlin"), (HOUR, 2.5 * HOUR))
    assert never_comes == at("2026-03-29T03:30", "Europe/Berlin")


def test_what_it_gives_is_in_utc() -> None:
    calendar, moment = made(), at("2026-11-20T16:00")
    found = [
        calendar.next_working(moment),
        calendar.add_working(moment, NOTHING),
        calendar.add_working(moment, HOUR),
        calendar.after(moment, HOUR, "calendar"),
        calendar.after_quiet(moment, None),
        calendar.end_of(date(2026, 11, 20)),
        calendar.midnight_after(date(2026, 11, 20)),
    ]
    assert {one.tzinfo for one in found} == {UTC}


def test_what_it_refuses() -> None:
    calendar, naive = made(), datetime(2026, 11, 20)
    for ask in (calendar.local, calendar.is_working, calendar.next_working, calendar.is_evening):
        with pytest.raises(ValueError, match="needs a time zone"):
            ask(naive)
    with pytest.raises(ValueError, match="never negative"):
        calendar.add_working(at("2026-11-20T16:00"), -HOUR)
