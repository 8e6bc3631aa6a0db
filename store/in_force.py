"""Settings that people made by hand and that override the files: modes of rules, and open mass failures.

A single statement, because it runs at every event; ended failures cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from store.incidents import OPEN
from store.switches import RULE
from store.tables.access import switches as w
from store.tables.incidents import incidents as i

_SWITCH = 0  # marks a row that is not a failure


@dataclass(frozen=True)
class InForce:
    """Modes by rule; failures as (number, name, issue key, keywords, topics), oldest first."""

    modes: dict[str, str]
    incidents: tuple[tuple[int, str, str, str, str], ...]


_NOTHING = sa.literal("", sa.Text)
_ALL = sa.union_all(
    sa.select(sa.literal(_SWITCH, sa.BigInteger).label("number"), w.c.name, w.c.value, _NOTHING, _NOTHING).where(
        w.c.name.startswith(RULE, autoescape=True)
    ),
    sa.select(i.c.id, i.c.name, i.c.issue_key, i.c.keywords, i.c.topics).where(OPEN),
)


def in_force(connection: sa.Connection) -> InForce:
    """Return what is in force now."""
    rows = [tuple(row) for row in connection.execute(_ALL)]
    modes = {name.removeprefix(RULE): value for number, name, value, *_ in rows if number == _SWITCH}
    return InForce(modes, tuple(sorted(row for row in rows if row[0] != _SWITCH)))
