"""What no single table can know: that they fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from config.alerts import Alerts
from config.answers import Answers
from config.calendar import Calendar, Calendars, time_text
from config.categories import Categories
from config.departments import Departments
from config.faults import Fault, Steps, listed
from config.fields import is_loopback
from config.holds import Holds
from config.jira import ComponentRule, JiraConfig, Project, Purpose
from config.named import Key, Named
from config.names import match_key
from config.problems import near
from config.reports import Reports
from config.rules import KNOWN, Rules
from config.usedesk import UsedeskConfig
from config.yaml_file import Document


@dataclass(frozen=True)
class Tables:
    """The tables that could be read, each with its document."""

    jira: tuple[Document, JiraConfig] | None
    categories: tuple[Document, Categories] | None
    holds: tuple[Document, Holds] | None
    answers: tuple[Document, Answers] | None
    calendar: tuple[Document, Calendars] | None
    departments: tuple[Document, Departments] | None
    usedesk: tuple[Document, UsedeskConfig] | None
    alerts: tuple[Document, Alerts] | None
    reports: tuple[Document, Reports] | None
    rules: tuple[Document, Rules] | None


def cross_check(tables: Tables, templates: frozenset[str], *, sandbox: bool) -> Iterator[Fault]:
    """Compare the tables with each other, with the Jira templates and with the addresses that a sandbox allows."""
    if tables.jira:
        yield from _jira(*tables.jira)
        if sandbox:
            yield from _only_this_machine(*tables.jira)
    if tables.categories:
        yield from _categories(*tables.categories, templates)
    if tables.jira and tables.categories:
        yield from _together(*tables.jira, *tables.categories)
    if tables.answers:
        yield from _phrases(*tables.answers)
    if tables.jira and tables.holds:
        yield from _holds_in_jira(*tables.holds, tables.jira[1])
    if tables.jira and tables.categories and tables.holds:
        yield from _purposes(*tables.jira, tables.categories[1], tables.holds[1])
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
        yield from _matrix(*tables.usedesk)
        yield from _outcomes(*tables.usedesk, tables)


def _jira(document: Document, jira: JiraConfig) -> Iterator[Fault]:
    for key, project in jira.projects.items():
        if project.site not in jira.sites:
            yield _unknown(document, ("projects", key, "site"), "site_unknown", project.site, list(jira.sites))
        if project.request_type and not project.fields.request_type:
            yield document.fault(("projects", key, "request_type"), "request_type_field")
    for type_id, rule in jira.components.items():
        yield from _warehouses(document, ("components", type_id), rule)
        yield from _neighbours(document, ("components", type_id), rule, jira)


def _neighbours(document: Document, steps: Steps, rule: ComponentRule, jira: JiraConfig) -> Iterator[Fault]:
    """Find components of warehouses that a hold would leave on the issue (W-67, W-74)."""
    places: dict[Steps, str] = {(*steps, "by_warehouse", name): own for name, own in rule.by_warehouse.items()}
    if rule.fallback:
        places[(*steps, "fallback")] = rule.fallback
    for place, component in places.items():
        if not jira.is_neighbour(component):
            yield document.fault(place, "component_no_neighbour", value=component)


def _only_this_machine(document: Document, jira: JiraConfig) -> Iterator[Fault]:
    for name, site in jira.sites.items():
        if not is_loopback(site.url):
            yield document.fault(("sites", name, "url"), "sandbox_address")


def _warehouses(document: Document, steps: Steps, rule: ComponentRule) -> Iterator[Fault]:
    spellings: dict[Steps, tuple[str, str]] = {}
    for name in rule.by_warehouse:
        spellings[(*steps, "by_warehouse", name)] = (name, name)
    for name, aliases in rule.warehouse_aliases.items():
        if name not in rule.by_warehouse:
            place = (*steps, "warehouse_aliases", name)
            yield _unknown(document, place, "warehouse_unknown", name, list(rule.by_warehouse))
        for number, alias in enumerate(aliases):
            spellings[(*steps, "warehouse_aliases", name, number)] = (name, alias)
    yield from _twice(document, spellings)


def _categories(document: Document, categories: Categories, templates: frozenset[str]) -> Iterator[Fault]:
    yield from _twice(document, _spellings(("types",), categories.types))
    yield from _twice(document, _spellings(("resolutions",), categories.resolutions))
    yield from _twice(document, _spellings(("hold_seller",), categories.hold_seller))
    for category_id, category in categories.hold_seller.items():
        yield from _rule(document, ("hold_seller", category_id, "rule"), category.rule)
    for type_id, kind in categories.types.items():
        place: Steps = ("types", type_id)
        yield from _twice(document, _spellings((*place, "subtypes"), kind.subtypes))
        if kind.template not in templates:
            yield _unknown(document, (*place, "template"), "template_unknown", kind.template, sorted(templates))
        for subtype_id, subtype in kind.subtypes.items():
            yield from _rule(document, (*place, "subtypes", subtype_id, "rule"), subtype.rule)


def _rule(document: Document, steps: Steps, rule: str) -> Iterator[Fault]:
    if rule not in KNOWN:
        meant = near(rule, sorted(KNOWN))
        yield document.fault(steps, "rule_unknown" if meant else "rule_id", value=rule, meant=meant)


def _split_groups(document: Document, rules: Rules) -> Iterator[Fault]:
    """A rule whose mode is another one than that of the first of its group."""
    for first, *others in rules.together:
        for rule in others:
            if rules.mode(rule) != rules.mode(first):
                modes = ", ".join(f"{name} {rules.mode(name)}" for name in (first, *others))
                own = next(name for name in (rule, first) if rules.rules[name].mode)
                yield document.fault(("rules", own, "mode"), "rules_split", modes=modes)
                break


def _together(
    jira_document: Document, jira: JiraConfig, categories_document: Document, categories: Categories
) -> Iterator[Fault]:
    places: dict[Steps, str] = {
        **{("types", type_id, "project"): kind.project for type_id, kind in categories.types.items()},
        **{("hold_seller", row_id, "project"): row.project for row_id, row in categories.hold_seller.items()},
    }
    for place, key in places.items():
        if key not in jira.projects:
            yield _unknown(categories_document, place, "project_unknown", key, list(jira.projects))
    for type_id in jira.components:
        if type_id not in categories.types:
            yield _unknown(jira_document, ("components", type_id), "type_unknown", type_id, list(categories.types))


def _phrases(document: Document, answers: Answers) -> Iterator[Fault]:
    first: dict[str, Steps] = {}
    for name, number, phrase in answers.phrases():
        place: Steps = (name, number)
        earlier = first.setdefault(match_key(phrase), place)
        if earlier != place:
            yield document.fault(place, "phrase_twice", value=phrase, line=document.line(earlier))


def _holds_in_jira(document: Document, holds: Holds, jira: JiraConfig) -> Iterator[Fault]:
    if holds.project not in jira.projects:
        yield _unknown(document, ("project",), "project_unknown", holds.project, list(jira.projects))
    for kind, status in (("ozon", holds.transitions.ozon), ("seller", holds.transitions.seller)):
        owner = next((key for key, project in jira.projects.items() if status and _has(project, status)), None)
        if owner:
            yield document.fault(("transitions", kind), "transition_taken", value=status, project=owner)


def _has(project: Project, status: str) -> bool:
    """True when issues of the project come to this status without any hold."""
    own = project.statuses
    return match_key(status) in {match_key(name) for name in (own.in_work, own.queue, *own.done)}


def _purposes(document: Document, jira: JiraConfig, categories: Categories, holds: Holds) -> Iterator[Fault]:
    """Find purposes for which issues will be made, and no issue type is named."""
    escalated = {kind.project for kind in categories.types.values()}
    held = {*escalated, holds.project, *(row.project for row in categories.hold_seller.values())}
    wanted: tuple[tuple[Purpose, set[str]], ...] = (
        ("escalation", escalated),
        ("hold_ozon", held),
        ("hold_seller", held),
    )
    for key, project in jira.projects.items():
        for purpose, keys in wanted:
            if key in keys and purpose not in project.issue_type:
                yield document.fault(("projects", key, "issue_type"), "purpose_missing", purpose=purpose)


def _working(tables: Tables, *, sandbox: bool) -> Iterator[Fault]:
    """Check who works when, and who is asked."""
    calendars = tables.calendar[1] if tables.calendar else None
    if tables.calendar:
        yield from _calendars(*tables.calendar)
    if tables.departments:
        yield from _departments(*tables.departments, calendars)
        if sandbox:
            yield from _chats_of_this_machine(*tables.departments)


def _calendars(document: Document, calendars: Calendars) -> Iterator[Fault]:
    if calendars.company not in calendars.calendars:
        yield _unknown(document, ("company",), "calendar_unknown", calendars.company, list(calendars.calendars))
    for name, calendar in calendars.calendars.items():
        yield from _hours_on(document, ("calendars", name, "hours_on"), calendar)


def _hours_on(document: Document, steps: Steps, calendar: Calendar) -> Iterator[Fault]:
    """Find hours of a date on which nobody works, or which are no part of that day's usual hours."""
    for day, hours in calendar.hours_on.items():
        usual, place = calendar.hours.on(day), (*steps, day.isoformat())
        if not calendar.is_working_day(day):
            yield document.fault(place, "hours_on_day_off")
        elif hours[0][0] < usual[0][0] or hours[-1][1] > usual[-1][1]:
            begin, end = time_text(usual[0][0]), time_text(usual[-1][1])
            yield document.fault(place, "hours_on_outside", begin=begin, end=end)


def _matrix(document: Document, usedesk: UsedeskConfig) -> Iterator[Fault]:
    """Find categories that have two types (U-05)."""
    yield from _twice(
        document,
        {
            ("types", kind, number): (kind, name)
            for kind, names in usedesk.types.items()
            for number, name in enumerate(names)
        },
    )


def _outcomes(document: Document, usedesk: UsedeskConfig, tables: Tables) -> Iterator[Fault]:
    """Find outcomes of projects and departments that there are not (U-07)."""
    if tables.jira:
        known = list(tables.jira[1].projects)
        for key in usedesk.outcomes.projects:
            if key not in known:
                yield _unknown(document, ("outcomes", "projects", key), "project_unknown", key, known)
    if tables.departments:
        known = list(tables.departments[1].departments)
        for key in usedesk.outcomes.departments:
            if key not in known:
                yield _unknown(document, ("outcomes", "departments", key), "department_unknown", key, known)


def _departments(document: Document, departments: Departments, calendars: Calendars | None) -> Iterator[Fault]:
    table = departments.departments
    yield from _twice(document, _spellings(("departments",), table))
    for owner, row in table.items():
        yield from _rule(document, ("departments", owner, "rule"), row.rule)
        if calendars and row.calendar and row.calendar not in calendars.calendars:
            place = ("departments", owner, "calendar")
            yield _unknown(document, place, "calendar_unknown", row.calendar, list(calendars.calendars))


def _chats_of_this_machine(document: Document, departments: Departments) -> Iterator[Fault]:
    places: dict[Steps, SecretStr | None] = {("lead",): departments.lead}
    for owner, row in departments.departments.items():
        places |= {("departments", owner, "chat"): row.chat, ("departments", owner, "head"): row.head}
    yield from _addresses_of_this_machine(document, places)


def _addresses_of_this_machine(document: Document, places: Mapping[Steps, SecretStr | None]) -> Iterator[Fault]:
    for place, address in places.items():
        if address and not is_loopback(address.get_secret_value()):
            yield document.fault(place, "sandbox_address")


def _unknown(document: Document, steps: Steps, code: str, value: str, known: list[str]) -> Fault:
    return document.fault(steps, code, value=value, known=listed(known))


def _spellings(steps: Steps, table: Mapping[Key, Named]) -> dict[Steps, tuple[str, str]]:
    places: dict[Steps, tuple[str, str]] = {}
    for owner, named in table.items():
        places[(*steps, owner, "name")] = (owner, named.name)
        for number, alias in enumerate(named.aliases):
            places[(*steps, owner, "aliases", number)] = (owner, alias)
    return places


def _twice(document: Document, spellings: Mapping[Steps, tuple[str, str]]) -> Iterator[Fault]:
    """Find spellings that mean nothing, or two things. `spellings`: place → (owner, spelling)."""
    first: dict[str, tuple[str, Steps]] = {}
    for steps, (owner, spelling) in spellings.items():
        key = match_key(spelling)
        if not key:
            yield document.fault(steps, "name_of_signs", value=spelling)
            continue
        other, place = first.setdefault(key, (owner, steps))
        if other != owner:
            yield document.fault(steps, "name_twice", value=spelling, other=other, line=document.line(place))
