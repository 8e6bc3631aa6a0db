"""How far a system was polled for what its webhooks may have missed; one clock polls at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import polls as p


@dataclass(frozen=True)
class Poll:
    """A position in the list of what changed after `since`: its entry `page`; `begun_at` is `None` if it starts over.

    `zone`: the offset of the system's dates from UTC in minutes, `None` if unknown; `seen`: the last update of each
    ticket that was read.
    """

    since: datetime | None = None
    begun_at: datetime | None = None
    page: int = 0
    zone: int | None = None
    seen: Mapping[str, str] = field(default_factory=dict)


def zone(connection: sa.Connection, name: str) -> int | None:
    """Return the offset of a system's dates from UTC in minutes; `None` until it is known."""
    return connection.execute(sa.select(p.c.zone).where(p.c.name == name)).scalar()


def learn_zone(connection: sa.Connection, name: str, minutes: int) -> None:
    """Store the offset of a system's dates, unless it is already known."""
    _add_once(connection, name)
    connection.execute(sa.update(p).where(p.c.name == name, p.c.zone.is_(None)).values(zone=minutes))


def _add_once(connection: sa.Connection, name: str) -> None:
    connection.execute(insert_into(connection, p).values(name=name, page=0).on_conflict_do_nothing())


def claim(connection: sa.Connection, name: str, *, now: datetime, until: datetime) -> Poll | None:
    """Claim the poll until `until` at most; `None` if it is not due or another clock has it."""
    _add_once(connection, name)
    free = sa.or_(p.c.claimed_until.is_(None), p.c.claimed_until <= now)
    due = sa.or_(p.c.next_at.is_(None), p.c.next_at <= now)
    claimed = sa.update(p).where(p.c.name == name, free, due).values(claimed_until=until, next_at=None)
    row = connection.execute(claimed.returning(p.c.since, p.c.begun_at, p.c.page, p.c.zone, p.c.seen)).first()
    return Poll(row.since, row.begun_at, row.page, row.zone, row.seen or {}) if row else None


def release(connection: sa.Connection, name: str, poll: Poll, *, claimed_until: datetime, next_at: datetime) -> bool:
    """Store the new position and release the claim; False, and nothing is written, if another clock has claimed it."""
    hastened = sa.case((p.c.next_at < next_at, p.c.next_at), else_=next_at)  # may have been set while it was claimed
    values: dict[str, object] = {**poll.__dict__, "seen": dict(poll.seen), "next_at": hastened, "claimed_until": None}
    if poll.zone is None:
        del values["zone"]  # a webhook may have revealed it meanwhile
    mine = (p.c.name == name, p.c.claimed_until == claimed_until)
    return int(connection.execute(sa.update(p).where(*mine).values(**values)).rowcount) > 0


def hasten(connection: sa.Connection, name: str, at: datetime) -> None:
    """Make a poll due at `at` if it would be later; one that is claimed now is then due once more."""
    _add_once(connection, name)
    claimed = sa.and_(p.c.next_at.is_(None), p.c.claimed_until.is_not(None))
    connection.execute(sa.update(p).where(p.c.name == name, sa.or_(claimed, p.c.next_at > at)).values(next_at=at))
