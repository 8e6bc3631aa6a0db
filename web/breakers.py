"""The state of the systems that the bot calls."""

from __future__ import annotations

import sqlalchemy as sa

from store import systems
from store.rows import SystemRow
from web.parts import Parts


def breakers(connection: sa.Connection, parts: Parts) -> dict[str, SystemRow | None]:
    """Return the circuit breaker of each configured system by name; None for one that never failed."""
    rows = {row.name: row for row in systems.breakers(connection)}
    known = parts.process.factory.systems(parts.process.reloader.current())
    return {name: rows.get(name) for name in sorted(known)}
