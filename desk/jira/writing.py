"""Creates and edits that survive a refused optional field: a field that Jira refuses and nothing needs is left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa

from config.jira import Project
from desk.circuit_breaker import Refused
from desk.context import DeskContext
from desk.issues import COMPONENTS

T = TypeVar("T")
# Required: without these, Jira makes no issue, the bot cannot find it again, or it is in nobody's queue.
NEEDED = frozenset({"project", "issuetype", "summary", "description", "labels", "components"})
PEOPLE = frozenset({"assignee", "reporter"})  # a refusal of these is not a fault of the configuration
WORDS = 200  # characters kept of Jira's message about a field


def write_without_refused(
    send: Callable[[dict[str, Any], dict[str, str]], T],
    fields: Mapping[str, Any],
    needed: Collection[str] = (),
    anew: Mapping[str, Callable[[], Any]] = MappingProxyType({}),
) -> tuple[T, dict[str, str]]:
    """Send fields without the optional ones that Jira refuses; return the answer, and what Jira says of those left out.

    `send` gets the fields, and those left out so far. Raises `Refused` if anything else is wrong. Jira may name refused
    fields one by one, so there is at most one call for each. `anew` looks a refused field's value up again, once.
    """
    lacks: dict[str, str] = {}
    given, unasked = dict(fields), dict(anew)
    while True:
        try:
            return send(dict(given), dict(lacks)), lacks
        except Refused as refused:
            wrong = refused.trouble.fields
            values = {name: unasked.pop(name)() for name in wrong if name in unasked}
            corrected = {name: value for name, value in values.items() if value != given.get(name)}
            rest = wrong.keys() - corrected.keys()
            if not wrong or not rest <= given.keys() - NEEDED - {*needed}:
                raise
            given = {name: value for name, value in {**given, **corrected}.items() if name not in rest}
            lacks |= {name: wrong[name][:WORDS] for name in rest}


def named(project: Project | None, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields under their names in `jira.yml`."""
    own = {number: name for name, number in project.fields.model_dump().items() if number} if project else {}
    return {own.get(name, name): words for name, words in fields.items()}


def alert_refused(context: DeskContext, connection: sa.Connection, project: str, fields: Mapping[str, str]) -> None:
    """Alert the admins, once per field and project, that Jira's or the bot's configuration must change."""
    for name in sorted(fields.keys() - PEOPLE - {COMPONENTS}):  # they have their own alert or need none
        values = {"field": name, "project": project, "said": fields[name]}
        context.alerts.raise_once(connection, f"field:{project}:{name}", "alert_field_refused", **values)
