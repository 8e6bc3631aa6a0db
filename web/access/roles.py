"""Which role may do what, out of `roles.yml`: the one table of routes, menu and masks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, TypedDict

import yaml

from config.access import ROLES
from events.secrets import HIDDEN

Door = Literal["open", "watcher", "sender", "program", "page"]


class Table(TypedDict):
    """`roles.yml`: endpoints by how they are entered, with the least role; what a role begins with, and never sees."""

    open: list[str]
    watchers: list[str]
    senders: list[str]
    programs: dict[str, str]
    pages: dict[str, str]
    home: dict[str, str]
    menu: dict[str, list[str]]
    hidden: dict[str, list[str]]


def door(endpoint: str) -> tuple[Door, str] | None:
    """How an endpoint is entered, and the least role; None: the table does not know it, and nobody may enter."""
    table = _table()
    if endpoint in table["open"]:
        return "open", ""
    if endpoint in table["watchers"]:
        return "watcher", ""
    if endpoint.partition(".")[0] in table["senders"]:
        return "sender", ""
    if role := table["programs"].get(endpoint):
        return "program", str(role)
    if role := table["pages"].get(endpoint):
        return "page", str(role)
    return None


def may(role: str, least: str) -> bool:
    """Whether a role is as high as another."""
    return ROLES.index(role) >= ROLES.index(least)


def may_enter(role: str, endpoint: str) -> bool:
    """Whether somebody of this role may enter a page."""
    found = door(endpoint)
    return found is not None and (found[0] == "open" or (found[0] == "page" and may(role, found[1])))


def home(role: str) -> str:
    """The page that a role begins with."""
    return str(_table()["home"][role])


def menu(role: str) -> dict[str, list[str]]:
    """The pages of the menu, as endpoints, by group; no group is empty."""
    groups = {
        group: [endpoint for endpoint in endpoints if may_enter(role, endpoint)]
        for group, endpoints in _table()["menu"].items()
    }
    return {group: endpoints for group, endpoints in groups.items() if endpoints}


def mask(role: str, redact: Callable[[object], object]) -> Callable[[object], object]:
    """What a role sees of a JSON value: contacts and secrets hidden from all, and what `roles.yml` hides from it."""
    hidden = frozenset(_table()["hidden"][role])
    return redact if not hidden else lambda value: _without(redact(value), hidden)


def _without(value: object, hidden: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {
            key: HIDDEN if key in hidden and isinstance(member, str) and member else _without(member, hidden)
            for key, member in value.items()
        }
    return [_without(member, hidden) for member in value] if isinstance(value, list) else value


@cache
def _table() -> Table:
    path = Path(__file__).parent / "roles.yml"
    table: Table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table
