"""The inbox's rows: how a delivery is kept, taken up, put off and ended.

States: `waiting` → `running` → `done | ignored | dead`; a delivery that must wait goes back to `waiting`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.database import listed
from store.tables import deliveries as d
from store.tables import links, seen_bodies
from store.types import to_json

UNFINISHED = ("waiting", "running", "dead")
_Key = tuple[str, str]
BODY_REMEMBERED = timedelta(hours=24)  # Jira's own retries end within 90 minutes


@dataclass(frozen=True)
class Delivery:
    """A delivery as the runner sees it."""

    id: int
    source: str
    delivery_id: str
    case_id: str
    type: str
    state: str
    event: str | None
    attempts: int
    due_at: datetime | None
    waits_for: str | None
    taken_at: datetime | None
    config_version: str | None
    run_token: str | None

    @property
    def label(self) -> str:
        """How people name it: source/delivery id."""
        return f"{self.source}/{self.delivery_id}"


_COLUMNS = [d.c[name] for name in Delivery.__annotations__]
# asked at every verb and every look: made once
_OWNER = sa.select(d.c.run_token).where(d.c.id == sa.bindparam("delivery"), d.c.state == "running")
_FIRST_UNFINISHED = (
    sa.select(*_COLUMNS).where(d.c.case_id == sa.bindparam("case"), d.c.state.in_(UNFINISHED)).order_by(d.c.id).limit(1)
)


_TEXTS = ("source", "delivery_id", "case_id", "type", "state", "body", "event", "reason")
_ADD = """
    INSERT INTO deliveries
        (source, delivery_id, case_id, type, state, body, event, reason, received_at, due_at, nudged_at, finished_at)
    SELECT r.source, r.delivery_id, r.case_id, r.type, r.state, r.body, r.event, r.reason, :now,
        CASE r.state WHEN 'waiting' THEN :now END, CASE r.state WHEN 'waiting' THEN :now END,
        CASE r.state WHEN 'waiting' THEN NULL ELSE :now END
    FROM {rows} WHERE true ON CONFLICT (source, delivery_id) DO NOTHING
"""
_REMEMBER = """
    INSERT INTO seen_bodies (source, sha256, seen_at) SELECT r.source, r.sha256, :now FROM {rows} WHERE true
    ON CONFLICT (source, sha256) DO UPDATE SET seen_at = excluded.seen_at WHERE seen_bodies.seen_at < :forgotten
"""


@dataclass(frozen=True)
class New:
    """A delivery as it came in: `waiting`, or `ignored` for a reason. `body_sha256` None: its body is not compared."""

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
        """What makes it the same as another."""
        return self.source, self.delivery_id


def add_all(connection: sa.Connection, new: Sequence[New], now: datetime) -> list[bool]:
    """Insert deliveries, due and nudged `now`; whether each was inserted.

    False for a redelivery, be it of another one in the list: same source and id, or a body seen within 24 hours.
    """
    first: dict[_Key, New] = {}
    for one in new:
        first.setdefault(one.key, one)
    rows = {key: {name: getattr(one, name) for name in _TEXTS} for key, one in first.items()}
    kept = _claim(connection, _ADD, rows, (d.c.source, d.c.delivery_id, d.c.received_at), {"now": now})
    bodies = [((one.source, one.body_sha256), key) for key, one in first.items() if key in kept and one.body_sha256]
    kept -= _seen(connection, bodies, now)
    return [one.key in kept and first[one.key] is one for one in new]


def _seen(connection: sa.Connection, bodies: list[tuple[_Key, _Key]], now: datetime) -> set[_Key]:
    """Remember the bodies of deliveries that were just inserted; those whose body is known are deleted again."""
    first: dict[_Key, _Key] = {}
    for body, key in bodies:
        first.setdefault(body, key)
    rows = {body: {"source": body[0], "sha256": body[1]} for body in first}
    moments = {"now": now, "forgotten": now - BODY_REMEMBERED}
    columns = (seen_bodies.c.source, seen_bodies.c.sha256, seen_bodies.c.seen_at)
    fresh = _claim(connection, _REMEMBER, rows, columns, moments)
    seen = {key for body, key in bodies if body not in fresh or first[body] != key}
    if seen:
        connection.execute(sa.delete(d).where(sa.tuple_(d.c.source, d.c.delivery_id).in_(seen)))
    return seen


def _claim(
    connection: sa.Connection,
    insert: str,
    rows: Mapping[_Key, Mapping[str, str | None]],
    columns: tuple[sa.Column[Any], sa.Column[Any], sa.Column[Any]],
    moments: Mapping[str, datetime],
) -> set[_Key]:
    """Insert rows by a statement that skips those which exist; the keys of the inserted.

    `columns` are the key's two, and the one that `now` is written to: it tells ours from those that were there.
    """
    if not rows:
        return set()
    names = next(iter(rows.values()))
    statement = sa.text(insert.format(rows=listed(connection.dialect.name, *names)))
    typed = statement.bindparams(*(sa.bindparam(name, type_=columns[2].type) for name in moments))
    added = connection.execute(typed, {"rows": to_json(list(rows.values())), **moments})
    if added.rowcount == len(rows):
        return set(rows)
    *key, moment = columns
    ours = sa.select(*key).where(sa.tuple_(*key).in_(list(rows)), moment == moments["now"])
    return {(one, other) for one, other in connection.execute(ours)}


def add(connection: sa.Connection, row: dict[str, Any]) -> int | None:
    """Insert one delivery with columns as given; its number, None when there is one of the same source and id."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(d)
    statement = insert.on_conflict_do_nothing(index_elements=["source", "delivery_id"]).returning(d.c.id)
    number: int | None = connection.execute(statement, row).scalar()
    return number


def linked_tickets(connection: sa.Connection, issues: Iterable[_Key]) -> dict[_Key, _Key]:
    """The ticket (source, id) that each issue (site, id) is linked to, where it is."""
    wanted = set(issues)
    if not wanted:
        return {}
    issue = sa.tuple_(links.c.site, links.c.issue_id)
    found = sa.select(links.c.site, links.c.issue_id, links.c.source, links.c.ticket_id).where(issue.in_(wanted))
    return {(row.site, row.issue_id): (row.source, row.ticket_id) for row in connection.execute(found)}


def first_unfinished(connection: sa.Connection, case_id: str) -> Delivery | None:
    """The delivery whose turn it is in this case: the oldest that is not finished."""
    row = connection.execute(_FIRST_UNFINISHED, {"case": case_id}).first()
    return Delivery(*row) if row else None


def take(connection: sa.Connection, delivery: Delivery, *, token: str, now: datetime, config_version: str) -> bool:
    """Mark as running by `token`; `now` and the configuration's version stick from the first time.

    False when somebody else took, ended or refiled it since it was read.
    """
    taken = connection.execute(
        sa.update(d)
        .where(d.c.id == delivery.id, d.c.state == delivery.state, d.c.case_id == delivery.case_id)
        .where(d.c.run_token.is_not_distinct_from(delivery.run_token))
        .values(
            state="running",
            run_token=token,
            waits_for=None,
            taken_at=sa.func.coalesce(d.c.taken_at, sa.bindparam("moment", now, type_=d.c.taken_at.type)),
            config_version=sa.func.coalesce(d.c.config_version, config_version),
        )
    )
    return int(taken.rowcount) > 0


def refuse(connection: sa.Connection, delivery: Delivery, reason: str, now: datetime) -> bool:
    """Make a delivery that cannot be begun a dead letter; False when it changed since it was read."""
    refused = connection.execute(
        sa.update(d)
        .where(d.c.id == delivery.id, d.c.state == delivery.state)
        .where(d.c.run_token.is_not_distinct_from(delivery.run_token))
        .values(state="dead", reason=reason, due_at=None, finished_at=now)
    )
    return int(refused.rowcount) > 0


def holds_lease(connection: sa.Connection, delivery: int, token: str) -> bool:
    """Whether this run still owns the delivery; a worker that slept may have been replaced."""
    return bool(connection.execute(_OWNER, {"delivery": delivery}).scalar() == token)


def let_go(connection: sa.Connection, delivery: int, token: str, **values: Any) -> bool:
    """End the run: finished (`state`, `finished_at`, `reason`) or put off (`due_at`, `waits_for`, `attempts`).

    False when the delivery was taken over meanwhile: then nothing is written.
    """
    result = connection.execute(
        sa.update(d).where(d.c.id == delivery, d.c.run_token == token, d.c.state == "running").values(**values)
    )
    return int(result.rowcount) > 0


def hold_back(connection: sa.Connection, case_id: str, *, after: int, due_at: datetime | None) -> None:
    """Let the later deliveries of a case wait as long as the one before them does (None: until it is released)."""
    connection.execute(
        sa.update(d)
        .where(d.c.case_id == case_id, d.c.state == "waiting", d.c.id > after)
        .values(due_at=due_at, waits_for=None)
    )


def let_follow(connection: sa.Connection, case_id: str, now: datetime) -> None:
    """Nothing holds the case back any more: what waited for the delivery before it alone is due."""
    connection.execute(
        sa.update(d)
        .where(d.c.case_id == case_id, d.c.state == "waiting", d.c.due_at.is_(None), d.c.waits_for.is_(None))
        .values(due_at=now)
    )


def unheard(connection: sa.Connection, case_id: str) -> None:
    """The nudge of this case was heard by nobody: the clock's next sweep repeats it."""
    connection.execute(sa.update(d).where(d.c.case_id == case_id, d.c.state == "waiting").values(nudged_at=None))


def hand_over(connection: sa.Connection, delivery: int, case_id: str, now: datetime) -> None:
    """File a delivery under the case that the link table now names."""
    connection.execute(
        sa.update(d).where(d.c.id == delivery).values(case_id=case_id, state="waiting", due_at=now, run_token=None)
    )


def release_case(connection: sa.Connection, case_id: str, now: datetime) -> None:
    """Make every waiting delivery of a case due now."""
    connection.execute(
        sa.update(d).where(d.c.case_id == case_id, d.c.state == "waiting").values(due_at=now, nudged_at=None)
    )


def release_system(connection: sa.Connection, system: str, now: datetime, limit: int | None = None) -> int:
    """Make everything due that waited for a system which is back, or at most `limit` of it; the count."""
    waited = (d.c.waits_for == system, d.c.state == "waiting")
    if limit is not None:
        first = sa.select(d.c.id).where(*waited).order_by(d.c.id).limit(limit)
        waited = (d.c.id.in_(first.scalar_subquery()), d.c.state == "waiting")
    result = connection.execute(sa.update(d).where(*waited).values(due_at=now, waits_for=None, nudged_at=None))
    return int(result.rowcount)


def revive(connection: sa.Connection, delivery: int, *, state: str, now: datetime) -> str | None:
    """Replay (`waiting`) or drop (`ignored`) a delivery by a person's word; its case, None if unknown or running."""
    values: dict[str, Any] = {"state": state, "due_at": now if state == "waiting" else None, "attempts": 0}
    if state == "waiting":
        # a person replays because something was mended: by the configuration of then, not of before
        values |= {"reason": None, "finished_at": None, "waits_for": None, "nudged_at": None, "config_version": None}
    case: str | None = connection.execute(
        sa.update(d).where(d.c.id == delivery, d.c.state != "running").values(**values).returning(d.c.case_id)
    ).scalar()
    return case


def due(connection: sa.Connection, *, now: datetime, forgotten: timedelta, limit: int) -> list[tuple[int, str]]:
    """Deliveries whose moment has come and that were not nudged lately; marks them as nudged.

    Rows are (id, case). A nudge that was lost is made good after `forgotten`, be it before or while its delivery ran.
    """
    stale = sa.or_(d.c.nudged_at.is_(None), d.c.nudged_at < now - forgotten)
    waiting = sa.select(d.c.id).where(d.c.state == "waiting", d.c.due_at <= now, stale).order_by(d.c.due_at)
    running = sa.select(d.c.id).where(d.c.state == "running", d.c.nudged_at < now - forgotten).order_by(d.c.id)
    found: list[tuple[int, str]] = []
    for pick in (waiting.limit(limit), running.limit(limit)):
        locked = pick.with_for_update(skip_locked=True) if connection.dialect.name == "postgresql" else pick
        mark = sa.update(d).where(d.c.id.in_(locked.scalar_subquery())).values(nudged_at=now)
        found += [(row.id, row.case_id) for row in connection.execute(mark.returning(d.c.id, d.c.case_id))]
    return found


def find(connection: sa.Connection, source: str, delivery_id: str) -> sa.Row[Any] | None:
    """The whole row of a delivery, by its source and its own id."""
    return connection.execute(sa.select(d).where(d.c.source == source, d.c.delivery_id == delivery_id)).first()


def get(connection: sa.Connection, delivery: int) -> sa.Row[Any] | None:
    """The whole row of a delivery, by our number."""
    return connection.execute(sa.select(d).where(d.c.id == delivery)).first()


def purge_bodies_seen(connection: sa.Connection, now: datetime) -> int:
    """Forget the bodies that are too old to matter; the count."""
    gone = connection.execute(sa.delete(seen_bodies).where(seen_bodies.c.seen_at < now - 2 * BODY_REMEMBERED))
    return int(gone.rowcount)
