"""What an admin gives users and takes from them: the role and the way in; somebody who can give it stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa

from config.access import Role
from desk.clock import machine_now
from store import audit, users
from store.audit import Actor, Change
from store.rows import ChangeRow, UserRow
from store.users import Row
from web.parts import Parts

CHANGES = ("role_set", "user_blocked", "user_unblocked")


def still_stands(row: ChangeRow, user: UserRow | None) -> bool:
    """Whether a user is as one of these changes left him."""
    if user is None:
        return False
    if row.what == "role_set":
        return user.role == row.after
    return (user.blocked_at is not None) == (row.what == "user_blocked")


class NotGrantedError(Exception):
    """What may not be: `user_unknown`, `own_rights` or `last_admin`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def here(parts: Parts, by: Actor) -> Granting:
    """Changes by somebody on a page."""
    return Granting(parts.process.engine, by, parts.process.settings.smezhnik_sandbox)


@dataclass(frozen=True)
class Granting:
    """Changes by one admin; `sandbox`: the users of a sandbox can sign in here."""

    engine: sa.Engine
    by: Actor
    sandbox: bool

    def set_role(self, email: str, role: Role, reason: str | None = None) -> bool:
        """Give a user another role, which ends the sessions; False when it is the present one.

        Raises NotGrantedError.
        """
        with self._one(email) as (connection, user):
            if user.role == role:
                return False
            users.set_role(connection, user.email, role)
            users.end_sessions(connection, user.email)
            self._write(connection, Change("role_set", user.email, before=user.role, after=role, reason=reason))
        return True

    def block(self, email: str, reason: str | None = None) -> bool:
        """Let a user in no more, and end the sessions; False when it is so already. Raises NotGrantedError."""
        with self._one(email) as (connection, user):
            if user.blocked_at is not None:
                return False
            users.set_blocked(connection, user.email, machine_now())
            users.end_sessions(connection, user.email)
            self._write(connection, Change("user_blocked", user.email, reason=reason))
        return True

    def unblock(self, email: str, reason: str | None = None) -> bool:
        """Let a user in again; False when nobody keeps him out. Raises NotGrantedError."""
        with self._one(email) as (connection, user):
            if user.blocked_at is None:
                return False
            users.set_blocked(connection, user.email, None)
            self._write(connection, Change("user_unblocked", user.email, reason=reason))
        return True

    def take_back(self, row: ChangeRow) -> bool:
        """Undo one of these changes; False when it is so already. Raises NotGrantedError."""
        match row.what:
            case "role_set":
                return self.set_role(str(row.target), cast(Role, row.before), "undo")
            case "user_blocked":
                return self.unblock(str(row.target), "undo")
            case _:
                return self.block(str(row.target), "undo")

    @contextmanager
    def _one(self, email: str) -> Iterator[tuple[sa.Connection, Row]]:
        """The user, in a transaction that is given up when it would leave no admin who can sign in."""
        if email.lower() == self.by.who:
            raise NotGrantedError("own_rights")
        with self.engine.begin() as connection:
            before = users.admins(connection, sandbox=self.sandbox)
            user = users.user(connection, email.lower())
            if user is None:
                raise NotGrantedError("user_unknown")
            yield connection, user
            if before and not users.admins(connection, sandbox=self.sandbox):
                raise NotGrantedError("last_admin")

    def _write(self, connection: sa.Connection, change: Change) -> None:
        audit.write(connection, self.by, change, machine_now())
