"""What the lead's pages are narrowed to, and what their lists offer for that."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request

from config import Config
from store import agents
from store.facts import Narrow
from web.parts import Parts
from web.query_parameters import storable
from web.words import word

Choice = tuple[str, str]  # the value, and what people call it


def narrow(parts: Parts) -> Narrow:
    """Department, agent and topic of the address; an agent may be named as the pages show it, without the CRM."""
    given = {name: storable(request.args.get(name, "")).strip() or None for name in ("department", "agent", "topic")}
    if (agent := given["agent"]) is not None and ":" not in agent:
        with parts.process.engine.connect() as connection:
            given["agent"] = agents.with_source(connection, agent)
    return Narrow(**given)


def departments(config: Config) -> list[Choice]:
    """The departments of a filter: id and name."""
    rows = config.departments.departments.values()
    return sorted(((row.id, row.name) for row in rows if not row.is_group), key=lambda pair: pair[1])


def people(found: Iterable[str], chosen: str | None) -> list[Choice]:
    """Agents of a filter (`source:id`), and the one that is chosen; their CRM is named where there are several."""
    values = {*found, *([chosen] if chosen else [])}
    several = len({value.partition(":")[0] for value in values}) > 1
    return sorted(((value, _agent(value, several=several)) for value in values), key=lambda pair: pair[1])


def _agent(value: str, *, several: bool) -> str:
    source, _, owner = value.partition(":")
    name = owner or word("nobody", "agent")
    return f"{name} ({word('sources', source)})" if several else name


def topics(found: Iterable[str], chosen: str | None, parts: Parts) -> list[Choice]:
    """Topics of a filter; one with personal data in it is not offered."""
    values = {value for value in found if value and parts.redact(value) == value}
    return sorted((value, value) for value in {*values, *([chosen] if chosen else [])})
