"""How the systems stand that the bot speaks to."""

from __future__ import annotations

import sqlalchemy as sa

from store import systems
from store.rows import SystemRow
from web.parts import Parts


def breakers(connection: sa.Connection, parts: Parts) -> dict[str, SystemRow | None]:
    """The circuit breaker of each system that is configured, by its name; None: it never failed."""
    rows = {row.name: row for row in systems.breakers(connection)}
    known = parts.process.factory.systems(parts.process.reloader.current())
    return {name: rows.get(name) for name in sorted(known)}
