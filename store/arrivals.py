"""How deliveries come in: many in three statements, each once, recognised by its id or its body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from store.database import over_rows
from store.tables import deliveries as d
from store.tables import seen_bodies
from store.types import to_json

BODY_REMEMBERED = timedelta(days=8)  # how far back the bot looks for lost webhooks, plus a day
_Key = tuple[str, str]
_SPEAKS_FOR = {"automation": "jira", "forge": "jira"}  # other entrances of a system: bodies are compared across them

_TEXTS = ("source", "delivery_id", "case_id", "type", "state", "body", "event", "reason")
_OF_ISSUES = """
    SELECT r.site, r.issue,
        (SELECT l.source FROM links l WHERE l.site = r.site AND l.issue_id = r.issue),
        (SELECT l.ticket_id FROM links l WHERE l.site = r.site AND l.issue_id = r.issue),
        (SELECT q.id FROM requests q WHERE q.site = r.site AND q.issue_id = r.issue AND q.state = 'open'
            ORDER BY q.id DESC LIMIT 1)
    FROM {rows}
"""
_ADD = """
    INSERT INTO deliveries
        (source, delivery_id, case_id, type, state, body, event, reason, received_at, due_at, finished_at)
    SELECT r.source, r.delivery_id, r.case_id, r.type, r.state, r.body, r.event, r.reason, :now,
        CASE r.state WHEN 'waiting' THEN :now END,
        CASE r.state WHEN 'waiting' THEN NULL ELSE :now END
    FROM {rows} WHERE true ON CONFLICT (source, delivery_id) DO NOTHING RETURNING source, delivery_id
"""
_REMEMBER = """
    INSERT INTO seen_bodies (source, sha256, seen_at) SELECT r.source, r.sha256, :now FROM {rows} WHERE true
    ON CONFLICT (source, sha256) DO UPDATE SET seen_at = excluded.seen_at WHERE seen_bodies.seen_at < :forgotten
    RETURNING source, sha256
"""


@dataclass(frozen=True)
class New:
    """An incoming delivery: `waiting`, or `ignored` for a reason. Without `body_sha256`, its body is not compared."""

    source: str
    delivery_id: str
    case_id: str
    type: str
    state: str
    body: str
    event: str | None
    reason: str | None
    body_sha256: str | None = None

    @property
    def key(self) -> _Key:
        """What identifies the delivery."""
        return self.source, self.delivery_id

    @property
    def speaker(self) -> str:
        """The system that the delivery is from, whichever entrance it used."""
        return _SPEAKS_FOR.get(self.source, self.source)


@dataclass(frozen=True)
class KnownIssue:
    """The ticket (source, id) that an issue is linked to, and the open request in it."""

    ticket: _Key | None
    request: int | None


def add_all(connection: sa.Connection, new: Sequence[New], now: datetime) -> list[bool]:
    """Insert deliveries, due `now`; return for each whether it was inserted.

    False for a redelivery, also of another one in the list: the same source and id, or a body seen before.
    """
    first: dict[_Key, New] = {}
    for one in new:
        first.setdefault(one.key, one)
    rows = {key: {name: getattr(one, name) for name in _TEXTS} for key, one in first.items()}
    kept = _claim(connection, _ADD, rows, {"now": now})
    bodies = [((one.speaker, one.body_sha256), key) for key, one in first.items() if key in kept and one.body_sha256]
    kept -= _seen(connection, bodies, now)
    return [one.key in kept and first[one.key] is one for one in new]


def _seen(connection: sa.Connection, bodies: list[tuple[_Key, _Key]], now: datetime) -> set[_Key]:
    """Remember the bodies of deliveries just inserted; delete and return those whose body was known."""
    first: dict[_Key, _Key] = {}
    for body, key in bodies:
        first.setdefault(body, key)
    rows = {body: {"source": body[0], "sha256": body[1]} for body in first}
    moments = {"now": now, "forgotten": now - BODY_REMEMBERED}
    fresh = _claim(connection, _REMEMBER, rows, moments)
    seen = {key for body, key in bodies if body not in fresh or first[body] != key}
    if seen:
        connection.execute(sa.delete(d).where(sa.tuple_(d.c.source, d.c.delivery_id).in_(seen)))
    return seen


def _claim(
    connection: sa.Connection,
    insert: str,
    rows: Mapping[_Key, Mapping[str, str | None]],
    moments: Mapping[str, datetime],
) -> set[_Key]:
    """Insert rows with a statement that skips existing ones; return the keys of those inserted."""
    if not rows:
        return set()
    names = tuple(next(iter(rows.values())))
    statement = over_rows(connection.dialect.name, insert, names, tuple(moments))
    inserted = connection.execute(statement, {"rows": to_json(list(rows.values())), **moments})
    return {(one, other) for one, other in inserted}


def of_issues(connection: sa.Connection, issues: Iterable[_Key]) -> dict[_Key, KnownIssue]:
    """Return what is known of these issues (site, id)."""
    rows = [{"site": site, "issue": issue} for site, issue in dict.fromkeys(issues)]
    if not rows:
        return {}
    found = over_rows(connection.dialect.name, _OF_ISSUES, ("site", "issue"))
    return {
        (site, issue): KnownIssue((source, ticket) if source else None, request)
        for site, issue, source, ticket, request in connection.execute(found, {"rows": to_json(rows)})
    }


def known(connection: sa.Connection, source: str, ids: Sequence[str]) -> set[str]:
    """Return which of these deliveries of a source came in before."""
    found = sa.select(d.c.delivery_id).where(d.c.source == source, d.c.delivery_id.in_(ids))
    return set(connection.execute(found).scalars())


def purge_bodies_seen(connection: sa.Connection, now: datetime) -> int:
    """Delete bodies that are too old to matter; return how many."""
    gone = connection.execute(sa.delete(seen_bodies).where(seen_bodies.c.seen_at < now - 2 * BODY_REMEMBERED))
    return int(gone.rowcount)
