"""What an admin turned by hand: the mode of a rule, above the file; and the pause of all effects.

The pause is the closed gate of a system of our own, `effects`: what must wait for it waits as for any other, and goes
on when it opens. No clock probes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store import systems
from store.tables import systems as gates
from store.tables.access import switches as w

EFFECTS = "effects"
_RULE = "rule:"


_MODES = sa.select(w.c.name, w.c.value).where(w.c.name.startswith(_RULE, autoescape=True))  # asked at every event


def modes(connection: sa.Connection) -> dict[str, str]:
    """The rules that are switched, with their modes."""
    return {row.name.removeprefix(_RULE): row.value for row in connection.execute(_MODES)}


def switched(connection: sa.Connection) -> Mapping[str, sa.Row[Any]]:
    """The same with when and by whom."""
    rows = connection.execute(sa.select(w).where(w.c.name.startswith(_RULE, autoescape=True)))
    return {row.name.removeprefix(_RULE): row for row in rows}


def set_mode(connection: sa.Connection, rule: str, mode: str | None, by: str, now: datetime) -> str | None:
    """Switch a rule; None: back to the file. The mode that it was switched to before, None = the file's."""
    name = _RULE + rule
    before: str | None = connection.execute(sa.select(w.c.value).where(w.c.name == name)).scalar()
    if mode is None:
        connection.execute(sa.delete(w).where(w.c.name == name))
        return before
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(w)
    values = {"value": mode, "set_at": now, "set_by": by}
    put = insert.values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
    connection.execute(put)
    return before


def pause(connection: sa.Connection, reason: str, now: datetime) -> bool:
    """Stop all effects; False when they are stopped."""
    return systems.close_gate(connection, EFFECTS, reason=reason, now=now, probe_at=None)


def resume(connection: sa.Connection) -> bool:
    """Let effects go on; False when they were not stopped. The clock lets go what waits, in pieces."""
    opened = sa.update(gates).where(gates.c.name == EFFECTS, gates.c.closed_at.is_not(None))
    return int(connection.execute(opened.values(closed_at=None, reason=None)).rowcount) > 0


def paused(connection: sa.Connection) -> sa.Row[Any] | None:
    """The pause in force: `closed_at`, `reason`."""
    gate = systems.gate(connection, EFFECTS)
    return gate if gate is not None and gate.closed_at is not None else None
