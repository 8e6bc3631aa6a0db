"""Checks that the tables fit together, which no single table can know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from config.alerts import AlertsConfig
from config.answers import Answers
from config.calendar import Calendars
from config.cases import Cases
from config.categories import Categories
from config.departments import Departments
from config.escalation import EscalationConfig
from config.faults import Fault, Steps
from config.fields import is_loopback
from config.fits_cases import check_cases
from config.fits_closing import check_resolutions
from config.fits_jira import check_categories, check_holds, check_projects, check_purposes, check_together
from config.fits_phrases import check_phrases
from config.fits_work import check_calendars, check_departments, check_groups, check_matrix, check_outcomes
from config.holds import Holds
from config.jira import JiraConfig
from config.names import match_key
from config.phrases import Judging
from config.reports import Reports
from config.resolutions import Resolutions
from config.rules import Rules
from config.usedesk import UsedeskConfig
from config.webcrm import WebCrmConfig
from config.yaml_file import Document


@dataclass(frozen=True)
class Tables:
    """The tables, each with its document; None for one that could not be read."""

    jira: tuple[Document, JiraConfig] | None
    categories: tuple[Document, Categories] | None
    holds: tuple[Document, Holds] | None
    answers: tuple[Document, Answers] | None
    calendar: tuple[Document, Calendars] | None
    departments: tuple[Document, Departments] | None
    cases: tuple[Document, Cases] | None
    usedesk: tuple[Document, UsedeskConfig] | None
    alerts: tuple[Document, AlertsConfig] | None
    reports: tuple[Document, Reports] | None
    rules: tuple[Document, Rules] | None
    resolutions: tuple[Document, Resolutions] | None
    phrases: tuple[Document, Judging] | None
    escalation: tuple[Document, EscalationConfig] | None
    webcrm: tuple[Document, WebCrmConfig] | None


def cross_check(tables: Tables, templates: frozenset[str], *, sandbox: bool) -> Iterator[Fault]:
    """Check the tables against each other, the Jira templates, and in a sandbox the addresses that it allows."""
    if tables.jira:
        yield from check_projects(*tables.jira)
        if sandbox:
            yield from _only_this_machine(*tables.jira)
    if tables.categories:
        yield from check_categories(*tables.categories, templates)
    if tables.jira and tables.categories:
        yield from check_together(*tables.jira, *tables.categories)
    yield from _words(tables)
    if tables.jira and tables.holds:
        yield from check_holds(*tables.holds, tables.jira[1])
    if tables.jira and tables.categories and tables.holds:
        yield from check_purposes(*tables.jira, tables.categories[1], tables.holds[1])
    if tables.alerts and sandbox:
        document, alerts = tables.alerts
        if not all(is_loopback(url.get_secret_value()) for url in alerts.urls):
            yield document.fault(("urls",), "sandbox_address")
    if tables.reports and sandbox:
        document, reports = tables.reports
        addresses: dict[Steps, SecretStr | None] = {
            ("digests", name, "to"): digest.to for name, digest in reports.digests.items()
        }
        yield from _addresses_of_this_machine(document, addresses)
    yield from _working(tables, sandbox=sandbox)
    if tables.rules:
        yield from _split_groups(*tables.rules)
    if tables.usedesk:
        yield from check_matrix(*tables.usedesk)
        jira = tables.jira[1] if tables.jira else None
        yield from check_outcomes(*tables.usedesk, jira, tables.departments[1] if tables.departments else None)


def _only_this_machine(document: Document, jira: JiraConfig) -> Iterator[Fault]:
    for name, site in jira.sites.items():
        if not is_loopback(site.url):
            yield document.fault(("sites", name, "url"), "sandbox_address")


def _split_groups(document: Document, rules: Rules) -> Iterator[Fault]:
    """Yield a fault for each group of `together` whose rules have different modes."""
    for first, *others in rules.together:
        for rule in others:
            if rules.mode(rule) != rules.mode(first):
                modes = ", ".join(f"{name} {rules.mode(name)}" for name in (first, *others))
                own = next(name for name in (rule, first) if rules.rules[name].mode)
                yield document.fault(("rules", own, "mode"), "rules_split", modes=modes)
                break


def _words(tables: Tables) -> Iterator[Fault]:
    if tables.answers:
        yield from _phrases(*tables.answers)
    if tables.phrases:
        document, judging = tables.phrases
        yield from check_phrases(document, judging.lists())
    if tables.escalation:
        document, escalation = tables.escalation
        yield from check_phrases(document, escalation.lists())


def _phrases(document: Document, answers: Answers) -> Iterator[Fault]:
    first: dict[str, Steps] = {}
    for name, number, phrase in answers.phrases():
        place: Steps = (name, number)
        earlier = first.setdefault(match_key(phrase), place)
        if earlier != place:
            yield document.fault(place, "phrase_twice", value=phrase, line=document.line(earlier))


def _working(tables: Tables, *, sandbox: bool) -> Iterator[Fault]:
    """Check the tables of calendars, departments, cases, groups and closings."""
    if tables.resolutions:
        yield from check_resolutions(*tables.resolutions)
    if tables.webcrm:
        yield from check_groups(*tables.webcrm)
    calendars = tables.calendar[1] if tables.calendar else None
    if tables.calendar:
        yield from check_calendars(*tables.calendar)
    if tables.cases:
        document, cases = tables.cases
        yield from check_cases(document, cases, tables.jira[1] if tables.jira else None)
        if sandbox:
            chats: dict[Steps, SecretStr | None] = {("chats", name): one for name, one in cases.chats.items()}
            yield from _addresses_of_this_machine(document, chats)
    if tables.departments:
        yield from check_departments(*tables.departments, calendars)
        if sandbox:
            yield from _chats_of_this_machine(*tables.departments)


def _chats_of_this_machine(document: Document, departments: Departments) -> Iterator[Fault]:
    places: dict[Steps, SecretStr | None] = {("lead",): departments.lead}
    for owner, row in departments.departments.items():
        places |= {("departments", owner, "chat"): row.chat, ("departments", owner, "head"): row.head}
    yield from _addresses_of_this_machine(document, places)


def _addresses_of_this_machine(document: Document, places: Mapping[Steps, SecretStr | None]) -> Iterator[Fault]:
    for place, address in places.items():
        if address and not is_loopback(address.get_secret_value()):
            yield document.fault(place, "sandbox_address")
