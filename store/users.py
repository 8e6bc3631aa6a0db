"""Users who sign in with a password, sessions, and programs' API keys.

Secrets are stored only as hashes. E-mails are stored in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables.access import api_tokens as t
from store.tables.access import sessions as s
from store.tables.access import users as u

Row = sa.Row[Any]


def _add_new(connection: sa.Connection, table: sa.Table, row: Mapping[str, object]) -> bool:
    """Insert a row; False if its key exists."""
    insert = insert_into(connection, table)
    # not `rowcount`, which psycopg does not provide for an INSERT
    added = insert.values(**row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None


def add_user(connection: sa.Connection, row: Mapping[str, object]) -> bool:
    """Add a user with these columns; False if the e-mail is taken."""
    return _add_new(connection, u, row)


def user(connection: sa.Connection, email: str) -> Row | None:
    """Return a user by e-mail."""
    return connection.execute(sa.select(u).where(u.c.email == email)).first()


def all_users(connection: sa.Connection) -> list[Row]:
    """Return all users, by e-mail."""
    return list(connection.execute(sa.select(u).order_by(u.c.email)))


def set_password(connection: sa.Connection, email: str, password: str) -> bool:
    """Store a new hash; False if there is no such user."""
    changed = sa.update(u).where(u.c.email == email).values(password=password, of_sandbox=False)
    return int(connection.execute(changed).rowcount) > 0


def set_role(connection: sa.Connection, email: str, role: str) -> None:
    """Change the role of a user."""
    connection.execute(sa.update(u).where(u.c.email == email).values(role=role))


def set_blocked(connection: sa.Connection, email: str, since: datetime | None) -> None:
    """Block a user from a moment on; `None` unblocks."""
    connection.execute(sa.update(u).where(u.c.email == email).values(blocked_at=since))


def admins(connection: sa.Connection, *, sandbox: bool) -> list[str]:
    """Return the e-mails of admins who can sign in here; locks their rows, so that two cannot remove each other."""
    found = sa.select(u.c.email, u.c.of_sandbox).where(u.c.role == "admin", u.c.blocked_at.is_(None))
    rows = connection.execute(found.order_by(u.c.email).with_for_update())
    return [row.email for row in rows if sandbox or not row.of_sandbox]


def remove_user(connection: sa.Connection, email: str) -> bool:
    """Remove a user; False if there is none."""
    return int(connection.execute(sa.delete(u).where(u.c.email == email)).rowcount) > 0


def begin_session(connection: sa.Connection, row: Mapping[str, object]) -> None:
    """Store the session of somebody who signed in."""
    connection.execute(sa.insert(s).values(**row))


def session(connection: sa.Connection, sha256: str) -> Row | None:
    """Return the session of a hash, however old; `user_role` is its user's current role, `None` if it is not let in."""
    known = sa.and_(u.c.email == s.c.email, u.c.blocked_at.is_(None))
    found = sa.select(s, u.c.role.label("user_role")).outerjoin(u, known)
    return connection.execute(found.where(s.c.sha256 == sha256)).first()


def sessions_of(connection: sa.Connection, email: str, *, seen_after: datetime, begun_after: datetime) -> list[Row]:
    """Return a person's sessions that are not over, most recently seen first."""
    found = sa.select(s).where(s.c.email == email, s.c.seen_at > seen_after, s.c.created_at > begun_after)
    return list(connection.execute(found.order_by(s.c.seen_at.desc())))


def touch_session(connection: sa.Connection, sha256: str, now: datetime) -> None:
    """Record a sign of life of a session."""
    connection.execute(sa.update(s).where(s.c.sha256 == sha256).values(seen_at=now))


def end_session(connection: sa.Connection, sha256: str) -> bool:
    """End a session; False if there is none."""
    return int(connection.execute(sa.delete(s).where(s.c.sha256 == sha256)).rowcount) > 0


def end_sessions(connection: sa.Connection, email: str, *, but: str = "") -> int:
    """End all sessions of a person, except one; return how many."""
    return int(connection.execute(sa.delete(s).where(s.c.email == email, s.c.sha256 != but)).rowcount)


def purge_sessions(connection: sa.Connection, begun_before: datetime, limit: int) -> int:
    """Delete sessions that are too old to continue; return how many."""
    old = sa.select(s.c.sha256).where(s.c.created_at <= begun_before).limit(limit)
    return int(connection.execute(sa.delete(s).where(s.c.sha256.in_(old.scalar_subquery()))).rowcount)


def add_token(connection: sa.Connection, row: Mapping[str, object]) -> bool:
    """Add a program's key; False if its name is taken, even by a revoked one."""
    return _add_new(connection, t, row)


def token(connection: sa.Connection, sha256: str) -> Row | None:
    """Return the valid key with this hash."""
    return connection.execute(sa.select(t).where(t.c.sha256 == sha256, t.c.revoked_at.is_(None))).first()


def all_tokens(connection: sa.Connection) -> list[Row]:
    """Return all keys by name, including revoked ones."""
    return list(connection.execute(sa.select(t).order_by(t.c.name)))


def any_token(connection: sa.Connection) -> bool:
    """Whether any program has a valid key."""
    return connection.execute(sa.select(t.c.name).where(t.c.revoked_at.is_(None)).limit(1)).first() is not None


def touch_token(connection: sa.Connection, name: str, now: datetime) -> None:
    """Record that a key was used."""
    connection.execute(sa.update(t).where(t.c.name == name).values(used_at=now))


def revoke_token(connection: sa.Connection, name: str, now: datetime) -> bool:
    """Revoke a key; False if there is no valid one."""
    revoked = sa.update(t).where(t.c.name == name, t.c.revoked_at.is_(None)).values(revoked_at=now)
    return int(connection.execute(revoked).rowcount) > 0


def add_users(connection: sa.Connection, rows: Iterable[Mapping[str, object]]) -> None:
    """Add the users that do not exist yet."""
    for row in rows:
        add_user(connection, row)
