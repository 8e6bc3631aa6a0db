"""How far a system was asked for what its webhooks may have missed; one clock asks at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import polls as p


@dataclass(frozen=True)
class Poll:
    """A place in the list of what changed after `since`: entry `page` of it; `begun_at` None: to be begun anew.

    `zone`: minutes by which the system's dates are ahead of UTC, None: not known yet; `seen`: the last update of each
    ticket that was looked through.
    """

    since: datetime | None = None
    begun_at: datetime | None = None
    page: int = 0
    zone: int | None = None
    seen: Mapping[str, str] = field(default_factory=dict)


def zone(connection: sa.Connection, name: str) -> int | None:
    """How many minutes the dates of a system are ahead of UTC; None until it is known."""
    return connection.execute(sa.select(p.c.zone).where(p.c.name == name)).scalar()


def learn_zone(connection: sa.Connection, name: str, minutes: int) -> None:
    """Keep the zone of a system's dates, unless it is known by now."""
    _add_once(connection, name)
    connection.execute(sa.update(p).where(p.c.name == name, p.c.zone.is_(None)).values(zone=minutes))


def _add_once(connection: sa.Connection, name: str) -> None:
    connection.execute(insert_into(connection, p).values(name=name, page=0).on_conflict_do_nothing())


def claim(connection: sa.Connection, name: str, *, now: datetime, until: datetime) -> Poll | None:
    """Take the place, until `until` at most; None when it is not due, or another clock has it."""
    _add_once(connection, name)
    free = sa.or_(p.c.claimed_until.is_(None), p.c.claimed_until <= now)
    due = sa.or_(p.c.next_at.is_(None), p.c.next_at <= now)
    claimed = sa.update(p).where(p.c.name == name, free, due).values(claimed_until=until, next_at=None)
    row = connection.execute(claimed.returning(p.c.since, p.c.begun_at, p.c.page, p.c.zone, p.c.seen)).first()
    return Poll(row.since, row.begun_at, row.page, row.zone, row.seen or {}) if row else None


def release(connection: sa.Connection, name: str, poll: Poll, *, claimed_until: datetime, next_at: datetime) -> bool:
    """Give the place back, moved on; False when it was claimed by another meanwhile: then nothing is written."""
    hastened = sa.case((p.c.next_at < next_at, p.c.next_at), else_=next_at)  # while it was claimed
    values: dict[str, object] = {**poll.__dict__, "seen": dict(poll.seen), "next_at": hastened, "claimed_until": None}
    if poll.zone is None:
        del values["zone"]  # a webhook may have told it meanwhile
    mine = (p.c.name == name, p.c.claimed_until == claimed_until)
    return int(connection.execute(sa.update(p).where(*mine).values(**values)).rowcount) > 0


def hasten(connection: sa.Connection, name: str, at: datetime) -> None:
    """Let a place be due at `at` if it would be later; one that is claimed now is due then once more."""
    _add_once(connection, name)
    claimed = sa.and_(p.c.next_at.is_(None), p.c.claimed_until.is_not(None))
    connection.execute(sa.update(p).where(p.c.name == name, sa.or_(claimed, p.c.next_at > at)).values(next_at=at))
