"""The filters of the lead's pages, and the choices that they offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import request

from config import Config
from store import agents
from store.facts import Narrow
from web.parts import Parts
from web.query_parameters import storable
from web.words import word

Choice = tuple[str, str]  # the value, and its name


def narrow(parts: Parts) -> Narrow:
    """Return department, agent and topic in the query; an agent may be given as shown, without the CRM."""
    given = {name: storable(request.args.get(name, "")).strip() or None for name in ("department", "topic")}
    return Narrow(**given, agent=agent(parts))


def agent(parts: Parts) -> str | None:
    """Read the agent from the address, as `source:id`."""
    given = storable(request.args.get("agent", "")).strip()
    if given and ":" not in given:
        with parts.process.engine.connect() as connection:
            return agents.with_source(connection, given)
    return given or None


def departments(config: Config) -> list[Choice]:
    """Return the departments for a filter: id and name."""
    rows = config.departments.departments.values()
    return sorted(((row.id, row.name) for row in rows if not row.is_group), key=lambda pair: pair[1])


def people(found: Iterable[str], chosen: str | None, name: Callable[[str], str] = str) -> list[Choice]:
    """Return the agents for a filter (`source:id`), including the chosen one; with their CRM if there are several.

    `name` returns an agent's name by `people.yml`.
    """
    values = {*found, *([chosen] if chosen else [])}
    several = len({value.partition(":")[0] for value in values}) > 1
    return sorted(((value, _agent(value, name, several=several)) for value in values), key=lambda pair: pair[1])


def _agent(value: str, name: Callable[[str], str], *, several: bool) -> str:
    source, _, owner = value.partition(":")
    shown = name(value).removeprefix(f"{source}:") if owner else word("nobody", "agent")
    return f"{shown} ({word('sources', source)})" if several else shown


def topics(found: Iterable[str], chosen: str | None, parts: Parts) -> list[Choice]:
    """Return the topics for a filter, without those that contain personal data."""
    values = {value for value in found if value and parts.redact(value) == value}
    return sorted((value, value) for value in {*values, *([chosen] if chosen else [])})
