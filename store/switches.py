"""What an admin switches by hand: the mode of a rule, overriding the file, and the pause of all effects.

The pause is the tripped breaker of an internal system, `effects`: what must wait does so as for any other system, and
continues when it is reset. No clock probes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from store import systems
from store.dialect import insert_into
from store.rows import PausedRow, SwitchRow
from store.tables import systems as s
from store.tables.access import switches as w

EFFECTS = "effects"
RULE = "rule:"


_MODES = sa.select(w.c.name, w.c.value).where(w.c.name.startswith(RULE, autoescape=True))  # used at every event


def modes(connection: sa.Connection) -> dict[str, str]:
    """Return the modes of the rules that were switched."""
    return {row.name.removeprefix(RULE): row.value for row in connection.execute(_MODES)}


def switched(connection: sa.Connection) -> Mapping[str, SwitchRow]:
    """Do the same, with when and by whom."""
    rows = connection.execute(sa.select(w).where(w.c.name.startswith(RULE, autoescape=True)))
    return {row.name.removeprefix(RULE): row for row in rows}


def set_mode(connection: sa.Connection, rule: str, mode: str | None, by: str, now: datetime) -> str | None:
    """Switch a rule (`None`: back to the file); return the mode it was switched to before, `None` if the file's."""
    name = RULE + rule
    before: str | None = connection.execute(sa.select(w.c.value).where(w.c.name == name)).scalar()
    if mode is None:
        connection.execute(sa.delete(w).where(w.c.name == name))
        return before
    insert = insert_into(connection, w)
    values = {"value": mode, "set_at": now, "set_by": by}
    put = insert.values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
    connection.execute(put)
    return before


def pause(connection: sa.Connection, reason: str, now: datetime) -> bool:
    """Stop all effects; False if they are stopped already."""
    return systems.trip_breaker(connection, EFFECTS, reason=reason, now=now, probe_at=None)


def resume(connection: sa.Connection) -> bool:
    """Let effects continue; False if they were not stopped. The clock releases what waits, in pieces."""
    opened = sa.update(s).where(s.c.name == EFFECTS, s.c.closed_at.is_not(None))
    return int(connection.execute(opened.values(closed_at=None, reason=None)).rowcount) > 0


def paused(connection: sa.Connection) -> PausedRow | None:
    """Return the pause in force."""
    return connection.execute(sa.select(s).where(s.c.name == EFFECTS, s.c.closed_at.is_not(None))).first()
