"""The interim replies: what the client is told while a neighbour department works (U-19, U-26…U-31, C-13, C-13a)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Literal

from config.departments import Clock, Department
from config.names import match_key
from desk.calendar import WorkCalendar
from desk.templates.files import INTERIM, TemplateEntry, load_notes
from desk.templates.kept import Kept

ROOT = Path(__file__).resolve().parent.parent
ReplyId = Literal["M-2", "M-3", "M-4"]
BeforeDaysOff = Literal["M-2", "M-4"]
Gender = Literal["f", "m"]
RULES: Mapping[str, str] = {"M-2": "U-27", "M-3": "U-28", "M-4": "U-29", "M-5": "U-31"}


class UnknownDepartmentError(Exception):
    """No reply can be written because the department it would name is unknown (U-19)."""


@dataclass(frozen=True, slots=True)
class Interim:
    """A reply: its id in T-10, the rule that requires it, its text, and when (UTC) it promises an answer."""

    id: str
    rule: str
    text: str
    promised_until: datetime


def choose(moment: datetime, calendar: WorkCalendar, before_days_off: BeforeDaysOff = "M-2") -> ReplyId:
    """Return the id of the reply for a request sent at this moment (U-27…U-29).

    `before_days_off` is the setting for C-13: which reply to use during the day on the last working day before days
    off.
    """
    day = calendar.local(moment).date()
    if not calendar.is_working_day(day):
        return "M-4"
    last = calendar.last_working_day_before_days_off(day)
    if calendar.is_evening(moment):
        return "M-4" if last else "M-3"
    return before_days_off if last else "M-2"


def interim_text(
    department: Department | None,
    moment: datetime,
    calendar: WorkCalendar,
    before_days_off: BeforeDaysOff = "M-2",
) -> Interim:
    """Return the reply that names the department; raise `UnknownDepartmentError` rather than leave a blank (U-19).

    M-2 and M-3 promise an answer by the end of work tomorrow, M-4 by the end of work on the next working day. On a
    Friday M-2 promises the Saturday, until midnight.
    """
    if department is None or not match_key(department.accusative) or "_" in department.accusative:
        raise UnknownDepartmentError
    chosen = choose(moment, calendar, before_days_off)
    text = _texts()[chosen].make({"department": department.accusative})
    return Interim(chosen, RULES[chosen], text, promised_until(chosen, moment, calendar))


def promised_until(text_id: str, moment: datetime, calendar: WorkCalendar) -> datetime:
    """Return when (UTC) a text sent at this moment promises an answer (see `interim_text` and `reminder`)."""
    day = calendar.local(moment).date()
    if text_id == "M-5":
        end = calendar.end_of(day)
        return end if moment < end else calendar.midnight_after(day)
    return calendar.end_of(calendar.next_working_day(day) if text_id == "M-4" else day + timedelta(days=1))


def reminder_text(gender: Gender | None) -> str:
    """Return M-5 in the agent's gender; without one, «мы напомнили», which fits everybody (U-31, C-27)."""
    return _texts()["M-5"].make({"gender": gender})


def reminder(gender: Gender | None, moment: datetime, calendar: WorkCalendar) -> Interim:
    """Return M-5 as sent at this moment: it promises an answer by the end of work, or by midnight if work is over."""
    return Interim("M-5", RULES["M-5"], reminder_text(gender), promised_until("M-5", moment, calendar))


def reminder_moment(due: datetime, calendar: WorkCalendar, clock: Clock = "business") -> datetime:
    """Return when M-5, due at `due`, may be sent to the client (U-31, C-13).

    `business`: in working hours only, and never on a day off, when «в течение дня» would be untrue. `calendar`: at
    once.
    """
    return calendar.next_working(due) if clock == "business" else due


def _texts() -> Mapping[str, TemplateEntry[str]]:
    return _kept(ROOT).get()


@cache
def _kept(root: Path) -> Kept[dict[str, TemplateEntry[str]]]:
    return Kept([root / INTERIM], partial(load_notes, root, file=INTERIM))
