"""Who signed in and who changed what; written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.rows import ChangeRow
from store.tables.access import audit as a

PAGE = 100  # rows


@dataclass(frozen=True)
class Actor:
    """Who acts: an e-mail, a token's name, or a user of the machine; `door`: password, oidc, token, env, cli."""

    who: str
    door: str
    address: str | None = None


@dataclass(frozen=True)
class Change:
    """What was done (`replayed`, `mode_set` …), to what, with the values before and after."""

    what: str
    target: str | None = None
    before: object = None
    after: object = None
    reason: str | None = None


@dataclass(frozen=True)
class AuditFilter:
    """The filter of a list; `kinds`: any of these; `None` = any."""

    who: str | None = None
    what: str | None = None
    target: str | None = None
    kinds: tuple[str, ...] | None = None


def last_sign_ins(connection: sa.Connection, emails: Collection[str]) -> dict[str, datetime]:
    """Return when each of these people last signed in, as far as the audit goes back."""
    latest = sa.select(a.c.who, sa.func.max(a.c.at).label("at")).where(a.c.what == "signed_in", a.c.who.in_(emails))
    return {row.who: row.at for row in connection.execute(latest.group_by(a.c.who))}


def signed_in_from(connection: sa.Connection, who: str, address: str) -> bool:
    """Whether somebody has ever signed in from an address."""
    known = sa.select(a.c.id).where(a.c.what == "signed_in", a.c.who == who, a.c.address == address)
    return connection.execute(known.limit(1)).first() is not None


def write(connection: sa.Connection, actor: Actor, change: Change, now: datetime) -> int:
    """Add a row; return its number."""
    row = {
        "at": now,
        "who": actor.who[:254],
        "door": actor.door,
        "address": actor.address,
        "what": change.what,
        "target": change.target[:200] if change.target else None,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
    }
    return int(connection.execute(sa.insert(a).values(**row).returning(a.c.id)).scalar_one())


def one(connection: sa.Connection, number: int) -> ChangeRow | None:
    """Return a row by its number."""
    return connection.execute(sa.select(a).where(a.c.id == number)).first()


def page(connection: sa.Connection, asked: AuditFilter, before: int | None, limit: int = PAGE) -> Sequence[ChangeRow]:
    """Return the newest rows older than `before`."""
    query = sa.select(a).order_by(a.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(a.c.id < before)
    for column, value in ((a.c.who, asked.who), (a.c.what, asked.what), (a.c.target, asked.target)):
        if value is not None:
            query = query.where(column == value)
    if asked.kinds is not None:
        query = query.where(a.c.what.in_(asked.kinds))
    return connection.execute(query).all()


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete rows older than a moment; return how many."""
    old = sa.select(a.c.id).where(a.c.at < before).order_by(a.c.at).limit(limit)
    return int(connection.execute(sa.delete(a).where(a.c.id.in_(old.scalar_subquery()))).rowcount)
