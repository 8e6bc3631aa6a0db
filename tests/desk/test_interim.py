"""The interim replies (U-19…U-31): which one, at every hour of two years; to the letter; what each promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config import Config, load
from config.calendar import Calendar
from config.departments import Department
from desk.calendar import WorkCalendar
from desk.interim import (
    Gender,
    UnknownDepartmentError,
    choose,
    interim_text,
    reminder,
    reminder_moment,
    reminder_text,
)
from desk.templates.files import INTERIM

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "interim.txt"
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "invented"}
MOSCOW = timezone(timedelta(hours=3))  # all of 2026 and 2027
SIX = ("technical", "developers", "service_centre", "brand_store", "service", "product")

# The production calendars of 2026 and 2027: days off from Monday to Friday, and the Saturday that is worked.
WEEKDAYS_OFF = """
2026-01-01 2026-01-02 2026-01-05 2026-01-06 2026-01-07 2026-01-08 2026-01-09 2026-02-23 2026-03-09 2026-05-01
2026-05-11 2026-06-12 2026-11-04 2026-12-31
2027-01-01 2027-01-04 2027-01-05 2027-01-06 2027-01-07 2027-01-08 2027-02-22 2027-02-23 2027-03-08 2027-05-03
2027-05-10 2027-06-14 2027-11-04 2027-11-05 2027-12-31 2028-01-03
"""
WORKING_SATURDAY = "2027-02-20"


def a_day_off(day: date) -> bool:
    """By the list above."""
    at_weekend = day.isoweekday() in (6, 7) and str(day) != WORKING_SATURDAY
    return at_weekend or str(day) in WEEKDAYS_OFF


def by_the_manual(now: datetime) -> str:
    """The manual's words, for a request that is sent now by the company's clock."""
    evening = now.hour >= 17
    friday = not a_day_off(now.date()) and a_day_off(now.date() + timedelta(days=1))
    if a_day_off(now.date()) or (friday and evening):
        return "M-4"  # «в выходной день (или в пятницу вечером)»
    return "M-3" if evening else "M-2"  # «после 17:00», «до 17:00»


@cache
def config() -> Config:
    """The shipped configuration."""
    return load(ROOT / "config", ENV)


@cache
def company() -> WorkCalendar:
    """The shipped calendar of the company."""
    return WorkCalendar(config().calendar.named())


def technical() -> Department:
    """A department."""
    return config().departments.departments["technical"]


def hours(first: int, last: int) -> Iterator[datetime]:
    """Every hour of these years in Moscow."""
    now = datetime(first, 1, 1, tzinfo=MOSCOW)
    while now.year <= last:
        yield now
        now += timedelta(hours=1)


def test_every_hour_of_two_years() -> None:
    every = list(hours(2026, 2027))
    assert len(every) == 2 * 365 * 24
    assert [now for now in every if choose(now, company()) != by_the_manual(now)] == []
    assert {choose(now, company()) for now in every} == {"M-2", "M-3", "M-4"}


def test_every_hour_is_the_same_moment_in_every_zone() -> None:
    for now in hours(2026, 2026):
        assert choose(now.astimezone(UTC), company()) == choose(now, company())


@pytest.mark.parametrize(
    ("moment", "reply"),
    [
        ("2026-11-19T16:59:59.999", "M-2"),  # Thursday
        ("2026-11-19T17:00:00", "M-3"),
        ("2026-11-19T17:00:00.000001", "M-3"),
        ("2026-11-19T23:59:59.999", "M-3"),
        ("2026-11-20T00:00:00", "M-2"),
        ("2026-11-20T16:59:59.999", "M-2"),  # Friday: «завтра» stands, as the manual says (C-13)
        ("2026-11-20T17:00:00", "M-4"),
        ("2026-11-21T00:00:00", "M-4"),
        ("2026-11-22T23:59:59.999", "M-4"),
        ("2026-11-23T00:00:00", "M-2"),
        ("2026-11-03T17:00:00", "M-4"),  # the eve of a holiday in the middle of the week
        ("2026-11-03T16:59:59.999", "M-2"),
        ("2026-11-04T12:00:00", "M-4"),
        ("2026-12-30T17:00:00", "M-4"),
        ("2027-02-19T17:00:00", "M-3"),  # the Friday before the working Saturday
        ("2027-02-20T16:59:59.999", "M-2"),
        ("2027-02-20T17:00:00", "M-4"),
        ("2027-02-22T12:00:00", "M-4"),
    ],
)
def test_the_edges(moment: str, reply: str) -> None:
    assert choose(datetime.fromisoformat(moment).replace(tzinfo=MOSCOW), company()) == reply


@pytest.mark.parametrize("zone", ["Asia/Almaty", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_the_clock_is_the_companys_own(zone: str) -> None:
    calendar = WorkCalendar(Calendar.model_validate({"zone": zone, "hours": {"all": [["09:00", "18:00"]]}}))
    for month in range(1, 13):
        day = next(day for n in range(8, 15) if (day := date(2026, month, n)).isoweekday() == 4)
        thursday = datetime(2026, month, day.day, 17, tzinfo=ZoneInfo(zone))
        assert choose(thursday.astimezone(UTC), calendar) == "M-3"
        assert choose(thursday.astimezone(UTC) - timedelta(milliseconds=1), calendar) == "M-2"
        assert choose(thursday.astimezone(UTC) + timedelta(days=1, hours=2), calendar) == "M-4"


def test_kazakhstan_has_its_own_days_off() -> None:
    calendar = WorkCalendar(config().calendar.named("kazakhstan"))
    noon = {day: datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo("Asia/Almaty")) for day in KAZAKH}
    assert {day: choose(moment, calendar) for day, moment in noon.items()} == KAZAKH


KAZAKH = {
    "2026-03-24": "M-4",  # moved from the weekend
    "2026-08-31": "M-2",  # no Constitution Day in August any more
    "2026-11-04": "M-2",  # a holiday in Russia alone
    "2026-12-16": "M-4",
    "2027-03-15": "M-4",
    "2027-02-22": "M-2",
}


def test_another_evening() -> None:
    table = config().calendar.named().model_copy(update={"evening": timedelta(hours=15, minutes=30)})
    calendar = WorkCalendar(table)
    assert choose(datetime(2026, 11, 19, 15, 29, 59, tzinfo=MOSCOW), calendar) == "M-2"
    assert choose(datetime(2026, 11, 19, 15, 30, tzinfo=MOSCOW), calendar) == "M-3"


def test_the_switch_for_the_day_before_days_off() -> None:
    for now in hours(2026, 2027):
        switched = choose(now, company(), before_days_off="M-4")
        friday = a_day_off(now.date() + timedelta(days=1))
        assert switched == ("M-4" if friday else by_the_manual(now))


@pytest.mark.parametrize(
    ("moment", "reply", "until"),
    [
        ("2026-11-18T12:00", "M-2", "2026-11-19T18:00"),
        ("2026-11-20T12:00", "M-2", "2026-11-22T00:00"),  # it says «завтра», and that is Saturday
        ("2026-11-18T17:00", "M-3", "2026-11-19T18:00"),
        ("2027-02-19T17:00", "M-3", "2027-02-20T17:00"),
        ("2026-11-20T17:00", "M-4", "2026-11-23T18:00"),
        ("2026-11-22T12:00", "M-4", "2026-11-23T18:00"),
        ("2026-12-30T17:00", "M-4", "2027-01-11T18:00"),
    ],
)
def test_what_a_reply_promises(moment: str, reply: str, until: str) -> None:
    made = interim_text(technical(), datetime.fromisoformat(moment).replace(tzinfo=MOSCOW), company())
    assert (made.id, made.promised_until) == (reply, datetime.fromisoformat(until).replace(tzinfo=MOSCOW))
    assert made.rule == {"M-2": "U-27", "M-3": "U-28", "M-4": "U-29"}[reply]
    assert made.promised_until.tzinfo is UTC


def test_every_promise_lies_ahead() -> None:
    for now in hours(2026, 2027):
        assert interim_text(technical(), now, company()).promised_until > now
        assert reminder("m", now, company()).promised_until > now


def test_the_switched_reply_promises_the_first_working_day() -> None:
    friday = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
    made = interim_text(technical(), friday, company(), before_days_off="M-4")
    assert (made.id, made.rule) == ("M-4", "U-29")
    assert made.promised_until == datetime(2026, 11, 23, 18, tzinfo=MOSCOW)


def test_no_reply_without_a_department() -> None:
    unknown = config().departments.find("Отдел, которого нет")
    blank = technical().model_copy(update={"accusative": "_________________"})
    empty = technical().model_copy(update={"accusative": " "})
    for department in (unknown, blank, empty):
        with pytest.raises(UnknownDepartmentError):
            interim_text(department, datetime(2026, 11, 20, 12, tzinfo=MOSCOW), company())


def test_what_is_in_the_name_stays_text() -> None:
    odd = technical().model_copy(update={"accusative": "{{ 7 * 7 }} <b>"})
    assert "подключить {{ 7 * 7 }} <b>." in interim_text(odd, datetime(2026, 11, 20, 12, tzinfo=MOSCOW), company()).text


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-19T09:30", "2026-11-19T18:00"),
        ("2026-11-19T18:00", "2026-11-20T00:00"),
        ("2026-11-21T12:00", "2026-11-22T00:00"),
    ],
)
def test_what_the_reminder_promises(moment: str, until: str) -> None:
    made = reminder("f", datetime.fromisoformat(moment).replace(tzinfo=MOSCOW), company())
    assert (made.id, made.rule, made.text) == ("M-5", "U-31", reminder_text("f"))
    assert made.promised_until == datetime.fromisoformat(until).replace(tzinfo=MOSCOW)


def test_when_the_reminder_may_go() -> None:
    saturday, monday = datetime(2026, 11, 21, 16, tzinfo=MOSCOW), datetime(2026, 11, 23, 9, tzinfo=MOSCOW)
    assert reminder_moment(saturday, company()) == monday
    assert reminder_moment(saturday, company(), "calendar") == saturday
    assert reminder_moment(monday, company()) == monday


def golden() -> Iterator[str]:
    """All that a client may read, a line each."""
    genders: dict[Gender | None, str] = {"m": "он", "f": "она", None: "неизвестно"}
    times = {"среда 12:00": (18, 12), "среда 17:00": (18, 17), "пятница 17:00": (20, 17)}
    names = [*(config().departments.departments[key].name for key in SIX), "FF:Склад", "FF:Хоругвино"]
    for name in names:
        yield f"# {name}"
        for words, (day, hour) in times.items():
            moment = datetime(2026, 11, day, hour, tzinfo=MOSCOW)
            made = interim_text(config().departments.find(name), moment, company())
            yield f"{made.id}, {words}: {made.text}"
    yield "# Через 24 часа"
    yield from (f"M-5, {word}: {reminder_text(gender)}" for gender, word in genders.items())


def test_the_texts() -> None:
    assert "".join(f"{line}\n" for line in golden()) == GOLDEN.read_text(encoding="utf-8")


BLANK = "_________________"
MANUAL = {
    "M-2": f"Для того чтобы решить вопрос, мне надо подключить {BLANK}. "
    "Постараемся вернуться к вам до конца дня или завтра",
    "M-3": f"Для того чтобы решить вопрос, мне надо подключить {BLANK}. "
    "Так как уже вечер, с ответом вернемся завтра. Постараемся как можно быстрее",
    "M-4": f"Для того чтобы решить вопрос, мне надо подключить {BLANK}. Вернемся с ответом в первый рабочий день",
}


def test_they_are_the_manuals_to_the_letter() -> None:
    for day in (18, 19, 20, 21):
        for hour in (12, 17):
            made = interim_text(technical(), datetime(2026, 11, day, hour, tzinfo=MOSCOW), company())
            assert made.text == MANUAL[made.id].replace(BLANK, "технического инженера")
    rule = config().rules.rules
    assert all(f"«{text}»" in rule[rule_id].quote for text, rule_id in zip(MANUAL.values(), QUOTED, strict=True))
    assert f'"{reminder_text("m")}".' == rule["U-31"].quote


QUOTED = ("U-27", "U-28", "U-29")


def test_a_changed_text_is_taken_up_and_a_wrong_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / INTERIM
    file.parent.mkdir()
    shipped = (ROOT / INTERIM).read_text(encoding="utf-8")
    monkeypatch.setattr("desk.interim.ROOT", tmp_path)
    for number, words in enumerate(("Вопрос в работе", "Мы его решаем, коллеги", "{{ gander }}, спасибо")):
        file.write_text(shipped.replace("Вопрос в работе", words) + "\n" * number, encoding="utf-8")
        said = reminder_text(None)
        assert said.startswith("Вопрос в работе" if number == 0 else "Мы его решаем, коллеги")
