"""The alerts that are not over: what works again, was settled or is a week old is gone from the page."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from store import systems
from store.rows import AlertRow
from store.tables import deliveries as d

_LOOKED_AT = 40  # newest alerts
_OLD = timedelta(days=7)


def open_alerts(
    connection: sa.Connection, now: datetime, waits: tuple[Collection[str], Collection[str]], most: int
) -> list[AlertRow]:
    """At most so many, the newest first; `waits`: the systems that are down, the scopes that ask to wait."""
    newest = [row for row in systems.newest_alerts(connection, _LOOKED_AT) if now - row.raised_at < _OLD]
    dead = _dead(connection, [row.key for row in newest])
    return [row for row in newest if _is_open(row.key, dead, waits)][:most]


def _is_open(key: str, dead: Collection[str], waits: tuple[Collection[str], Collection[str]]) -> bool:
    kind, _, about = key.partition(":")
    if kind == "dead":
        return about in dead
    places = {"down": waits[0], "pause": waits[1]}.get(kind)
    return places is None or any(about.startswith(f"{place}:") for place in places)


def _dead(connection: sa.Connection, keys: Collection[str]) -> set[str]:
    """Those of the deliveries that alerts tell of (`source/id`) which are still dead letters."""
    told = [key.removeprefix("dead:").partition("/") for key in keys if key.startswith("dead:")]
    if not told:
        return set()
    mine = sa.tuple_(d.c.source, d.c.delivery_id).in_([(source, name) for source, _, name in told])
    found = connection.execute(sa.select(d.c.source, d.c.delivery_id).where(mine, d.c.state == "dead"))
    return {f"{row.source}/{row.delivery_id}" for row in found}
