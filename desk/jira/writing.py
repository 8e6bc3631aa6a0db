"""Creates and edits of which a courtesy does not cost the main act: an optional field that Jira refuses is left out."""

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
# What an issue must have: without these it is none, is not found again, or is in nobody's queue.
NEEDED = frozenset({"project", "issuetype", "summary", "description", "labels", "components"})
PEOPLE = frozenset({"assignee", "reporter"})  # what is wrong with them is no matter of configuration
WORDS = 200  # characters of what Jira says about a field


def write_without_refused(
    send: Callable[[dict[str, Any], dict[str, str]], T],
    fields: Mapping[str, Any],
    needed: Collection[str] = (),
    anew: Mapping[str, Callable[[], Any]] = MappingProxyType({}),
) -> tuple[T, dict[str, str]]:
    """Send fields, without those that Jira refuses and nothing needs; the answer, and the left out with Jira's words.

    `send` gets the fields, and what is left out by then. `Refused` when anything else is wrong. Jira may name one field
    after the other, so there is a call for each at most. `anew` gives a refused field the value that it has now, once.
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
    """The same under the names that `jira.yml` has for the fields of a project."""
    own = {number: name for name, number in project.fields.model_dump().items() if number} if project else {}
    return {own.get(name, name): words for name, words in fields.items()}


def alert_refused(context: DeskContext, connection: sa.Connection, project: str, fields: Mapping[str, str]) -> None:
    """Tell the admins what Jira's or the bot's configuration must change, once for a field of a project."""
    for name in sorted(fields.keys() - PEOPLE - {COMPONENTS}):  # those have an alert of their own
        values = {"field": name, "project": project, "said": fields[name]}
        context.alerts.raise_once(connection, f"field:{project}:{name}", "alert_field_refused", **values)
