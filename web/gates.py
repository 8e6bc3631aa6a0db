"""How the systems stand that the bot speaks to."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from store import systems
from web.parts import Parts


def gates(connection: sa.Connection, parts: Parts) -> dict[str, sa.Row[Any] | None]:
    """The gate of each system that is configured, by its name; None: it never failed."""
    rows = {row.name: row for row in systems.gates(connection)}
    known = parts.process.office.systems(parts.process.watch.current())
    return {name: rows.get(name) for name in sorted(known)}
