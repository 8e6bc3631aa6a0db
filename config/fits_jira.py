"""Checks that the tables of Jira, of categories and of holds fit together."""

from __future__ import annotations

from collections.abc import Iterator

from config.categories import Categories
from config.doubles import rule_known, spellings_of, twice, unknown
from config.faults import Fault, Steps
from config.holds import Holds
from config.jira import ComponentRule, JiraConfig, Project, Purpose
from config.names import match_key
from config.yaml_file import Document


def check_projects(document: Document, jira: JiraConfig) -> Iterator[Fault]:
    """Yield faults for projects and components that name what `jira.yml` does not have."""
    for key, project in jira.projects.items():
        if project.site not in jira.sites:
            yield unknown(document, ("projects", key, "site"), "site_unknown", project.site, list(jira.sites))
        if project.request_type and not project.fields.request_type:
            yield document.fault(("projects", key, "request_type"), "request_type_field")
    for type_id, rule in jira.components.items():
        yield from _warehouses(document, ("components", type_id), rule)
        yield from _neighbours(document, ("components", type_id), rule, jira)


def _neighbours(document: Document, steps: Steps, rule: ComponentRule, jira: JiraConfig) -> Iterator[Fault]:
    """Yield faults for warehouse components that a hold would not remove from the issue (W-67, W-74)."""
    places: dict[Steps, str] = {(*steps, "by_warehouse", name): own for name, own in rule.by_warehouse.items()}
    if rule.fallback:
        places[(*steps, "fallback")] = rule.fallback
    for place, component in places.items():
        if not jira.is_neighbour(component):
            yield document.fault(place, "component_no_neighbour", value=component)


def _warehouses(document: Document, steps: Steps, rule: ComponentRule) -> Iterator[Fault]:
    spellings: dict[Steps, tuple[str, str]] = {}
    for name in rule.by_warehouse:
        spellings[(*steps, "by_warehouse", name)] = (name, name)
    for name, aliases in rule.warehouse_aliases.items():
        if name not in rule.by_warehouse:
            place = (*steps, "warehouse_aliases", name)
            yield unknown(document, place, "warehouse_unknown", name, list(rule.by_warehouse))
        for number, alias in enumerate(aliases):
            spellings[(*steps, "warehouse_aliases", name, number)] = (name, alias)
    yield from twice(document, spellings)


def check_categories(document: Document, categories: Categories, templates: frozenset[str]) -> Iterator[Fault]:
    """Yield faults for topics with the same name, and for unknown templates and rules."""
    yield from twice(document, spellings_of(("types",), categories.types))
    yield from twice(document, spellings_of(("resolutions",), categories.resolutions))
    yield from twice(document, spellings_of(("hold_seller",), categories.hold_seller))
    for category_id, category in categories.hold_seller.items():
        yield from rule_known(document, ("hold_seller", category_id, "rule"), category.rule)
    for type_id, kind in categories.types.items():
        place: Steps = ("types", type_id)
        yield from twice(document, spellings_of((*place, "subtypes"), kind.subtypes))
        if kind.template not in templates:
            yield unknown(document, (*place, "template"), "template_unknown", kind.template, sorted(templates))
        for subtype_id, subtype in kind.subtypes.items():
            yield from rule_known(document, (*place, "subtypes", subtype_id, "rule"), subtype.rule)


def check_together(
    jira_document: Document, jira: JiraConfig, categories_document: Document, categories: Categories
) -> Iterator[Fault]:
    """Yield faults for topics that name an unknown project, and for components of an unknown topic."""
    places: dict[Steps, str] = {
        **{("types", type_id, "project"): kind.project for type_id, kind in categories.types.items()},
        **{("hold_seller", row_id, "project"): row.project for row_id, row in categories.hold_seller.items()},
    }
    for place, key in places.items():
        if key not in jira.projects:
            yield unknown(categories_document, place, "project_unknown", key, list(jira.projects))
    for type_id in jira.components:
        if type_id not in categories.types:
            yield unknown(jira_document, ("components", type_id), "type_unknown", type_id, list(categories.types))


def check_holds(document: Document, holds: Holds, jira: JiraConfig) -> Iterator[Fault]:
    """Yield faults for an unknown project, and for hold statuses that issues also reach without a hold."""
    if holds.project not in jira.projects:
        yield unknown(document, ("project",), "project_unknown", holds.project, list(jira.projects))
    for kind, status in (("ozon", holds.transitions.ozon), ("seller", holds.transitions.seller)):
        owner = next((key for key, project in jira.projects.items() if status and _has(project, status)), None)
        if owner:
            yield document.fault(("transitions", kind), "transition_taken", value=status, project=owner)


def _has(project: Project, status: str) -> bool:
    """Return True when issues of the project reach this status without a hold."""
    own = project.statuses
    return match_key(status) in {match_key(name) for name in (own.in_work, own.queue, *own.done)}


def check_purposes(document: Document, jira: JiraConfig, categories: Categories, holds: Holds) -> Iterator[Fault]:
    """Yield faults for purposes for which issues will be created but no issue type is named."""
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
