"""Checks the tables of calendars, departments, WebCRM's groups and Usedesk's categories and outcomes."""

from __future__ import annotations

from collections.abc import Iterator

from config.calendar import Calendar, Calendars, time_text
from config.departments import Departments
from config.doubles import rule_known, spellings_of, twice, unknown
from config.faults import Fault, Steps
from config.jira import JiraConfig
from config.usedesk import UsedeskConfig
from config.webcrm import WebCrmConfig
from config.yaml_file import Document


def check_calendars(document: Document, calendars: Calendars) -> Iterator[Fault]:
    """Yield faults for a company without a calendar, and for impossible hours of dates."""
    if calendars.company not in calendars.calendars:
        yield unknown(document, ("company",), "calendar_unknown", calendars.company, list(calendars.calendars))
    for name, calendar in calendars.calendars.items():
        yield from _hours_on(document, ("calendars", name, "hours_on"), calendar)


def _hours_on(document: Document, steps: Steps, calendar: Calendar) -> Iterator[Fault]:
    """Yield faults for hours on a day off, and for hours outside that day's usual ones."""
    for day, hours in calendar.hours_on.items():
        usual, place = calendar.hours.on(day), (*steps, day.isoformat())
        if not calendar.is_working_day(day):
            yield document.fault(place, "hours_on_day_off")
        elif hours[0][0] < usual[0][0] or hours[-1][1] > usual[-1][1]:
            begin, end = time_text(usual[0][0]), time_text(usual[-1][1])
            yield document.fault(place, "hours_on_outside", begin=begin, end=end)


def check_departments(document: Document, departments: Departments, calendars: Calendars | None) -> Iterator[Fault]:
    """Yield faults for departments with the same name, and for unknown rules and calendars."""
    table = departments.departments
    yield from twice(document, spellings_of(("departments",), table))
    for owner, row in table.items():
        yield from rule_known(document, ("departments", owner, "rule"), row.rule)
        if calendars and row.calendar and row.calendar not in calendars.calendars:
            place = ("departments", owner, "calendar")
            yield unknown(document, place, "calendar_unknown", row.calendar, list(calendars.calendars))


def check_matrix(document: Document, usedesk: UsedeskConfig) -> Iterator[Fault]:
    """Yield faults for categories that have two types (U-05)."""
    yield from twice(
        document,
        {
            ("types", kind, number): (kind, name)
            for kind, names in usedesk.types.items()
            for number, name in enumerate(names)
        },
    )


def check_outcomes(
    document: Document, usedesk: UsedeskConfig, jira: JiraConfig | None, departments: Departments | None
) -> Iterator[Fault]:
    """Yield faults for outcomes of unknown projects and departments (U-07)."""
    if jira:
        known = list(jira.projects)
        for key in usedesk.outcomes.projects:
            if key not in known:
                yield unknown(document, ("outcomes", "projects", key), "project_unknown", key, known)
    if departments:
        known = list(departments.departments)
        for key in usedesk.outcomes.departments:
            if key not in known:
                yield unknown(document, ("outcomes", "departments", key), "department_unknown", key, known)


def check_groups(document: Document, table: WebCrmConfig) -> Iterator[Fault]:
    """Yield faults for groups with the same name, and for questions that go to two groups (W-31)."""
    yield from twice(document, spellings_of(("groups",), table.groups))
    taken: dict[Steps, tuple[str, str]] = {}
    for owner, number, row in table.questions():
        taken["groups", owner, "takes", number] = (owner, ": ".join(filter(None, (row.type, row.subtype))))
    yield from twice(document, taken)
