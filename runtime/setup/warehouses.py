"""Warehouses for which Jira has a component, but which `jira.yml` does not know yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import yaml

from config import Config
from config.jira import ComponentRule
from desk.jira.survey import FoundProject
from runtime.setup.proposal import Doubt


def with_warehouses(text: str, config: Config, projects: Mapping[str, FoundProject], doubts: list[Doubt]) -> str:
    """Return the text of `jira.yml` with new warehouses added; `projects` are Jira's by the keys of our tables."""
    for name, rule in config.jira.components.items():
        kind = config.categories.types.get(name)
        project = projects.get(kind.project) if kind else None
        new = _new(rule, project.components) if project else {}
        longer = _added(text, name, new) if new else text
        if project and longer != text:
            text = longer
            doubts.append(Doubt("warehouses", {"project": project.key, "names": ", ".join(new.values())}))
    return text


def _new(rule: ComponentRule, components: Iterable[str]) -> dict[str, str]:
    """Return the unknown warehouses of a project with their components, which are named as those that are known."""
    prefixes = {own.removesuffix(name) for name, own in rule.by_warehouse.items()}
    if len(prefixes) != 1 or not (prefix := prefixes.pop()):
        return {}
    used = {*rule.by_warehouse.values(), *rule.always, rule.fallback}
    found = {own.removeprefix(prefix): own for own in components if own.startswith(prefix) and own not in used}
    return {name: own for name, own in sorted(found.items()) if name.strip() and not rule.for_warehouse(name).known}


def _added(text: str, kind: str, new: Mapping[str, str]) -> str:
    """Return the text with warehouses added to a ticket type's component rule; unchanged if it is laid out oddly."""
    rule = re.search(rf"^components:\n(?:(?:[ #][^\n]*)?\n)*? +{re.escape(kind)}:\n", text, re.MULTILINE)
    block = re.compile(r"^( +)by_warehouse:\n((\1 +)[^\n]*\n(?:\1 +[^\n]*\n)*)", re.MULTILINE)
    known = block.search(text, rule.end()) if rule else None
    if known is None:
        return text
    lines = yaml.safe_dump(dict(new), allow_unicode=True, width=1000).splitlines()
    longer = text[: known.end()] + "".join(f"{known[3]}{line}\n" for line in lines) + text[known.end() :]
    before, after = yaml.safe_load(text), yaml.safe_load(longer)
    before["components"][kind]["by_warehouse"] |= new
    return longer if before == after else text
