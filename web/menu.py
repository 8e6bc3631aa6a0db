"""The menu: pages in groups, by role, some with the number of things that wait for a person there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from store import attention, mine
from web.access import roles
from web.agent import mine as myself
from web.parts import Parts
from web.words import word


@dataclass(frozen=True)
class MenuLink:
    """A page of the menu; `count`: how many things wait for a person there."""

    endpoint: str
    words: str
    count: int = 0

    @property
    def badge(self) -> str:
        """The count as shown; empty for zero."""
        return "" if not self.count else str(self.count) if self.count < attention.MOST else f"{attention.MOST - 1}+"

    @property
    def counted(self) -> str:
        """What the badge counts."""
        return word("badges", self.endpoint)


@dataclass(frozen=True)
class MenuGroup:
    """Pages that belong together; `current`: the shown page is one of them."""

    words: str
    links: Sequence[MenuLink]
    current: bool

    @property
    def waits(self) -> bool:
        """Whether something on its pages waits for a person."""
        return any(link.count for link in self.links)


def groups(parts: Parts, role: str, room: str | None) -> list[MenuGroup]:
    """Return the menu of a role; if the page is in no group, the group of the role's first page is current."""
    pages = roles.menu(role)
    counts = _counts(parts, [endpoint for endpoints in pages.values() for endpoint in endpoints])
    current = _group_of(pages, room) or _group_of(pages, roles.home(role).split(".")[0])
    return [
        MenuGroup(
            words=word("menu_groups", name),
            links=[MenuLink(endpoint, word("menu", endpoint), counts.get(endpoint, 0)) for endpoint in endpoints],
            current=name == current,
        )
        for name, endpoints in pages.items()
    ]


def _group_of(pages: Mapping[str, Sequence[str]], room: str | None) -> str | None:
    rooms = {endpoint.split(".")[0]: name for name, endpoints in pages.items() for endpoint in endpoints}
    return rooms.get(room or "")


def _counts(parts: Parts, endpoints: Sequence[str]) -> dict[str, int]:
    """Return how many things wait on these pages; none when the database is down, which the page itself reports."""
    counters: dict[str, Callable[[sa.Connection], int]] = {
        "dead.newest": attention.stopped,
        "mine.page": lambda connection: mine.waits(connection, myself.agents(parts), parts.process.clock.now()),
        "board.page": lambda connection: attention.late(connection, parts.process.clock.now()),
    }
    try:
        with parts.process.engine.connect() as connection:
            return {name: count(connection) for name, count in counters.items() if name in endpoints}
    except SQLAlchemyError:
        return {}
