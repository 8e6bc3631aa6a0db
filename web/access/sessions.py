"""Who is signed in: a row in the store, and a random key in the browser's cookie, which Flask signs.

The key is made anew at each sign-in, so a cookie of before is worth nothing; the row ends the session for good, after
`idle` without a page, `absolute` after the sign-in, or by signing out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from desk.clock import machine_now
from store import audit, users
from store.audit import Actor, Change
from web.access.people import hashed
from web.parts import Parts

_KEY = "key"
UNDER_WAY = "_state_oidc_"  # Authlib's: what belongs to a sign-in that was begun
_TOUCH = timedelta(minutes=1)  # a sign of life is written no more often


@dataclass(frozen=True)
class SignedIn:
    """Somebody who is signed in; `sha256` names the session."""

    email: str
    role: str
    how: str
    sha256: str

    @property
    def actor(self) -> Actor:
        """For the audit."""
        return Actor(self.email, self.how, address())


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who may sign in; `claimed` is what the provider's claim said, from which the role may come."""

    email: str
    role: str
    claimed: object = None


class RefusedError(Exception):
    """The provider's answer signs nobody in: `down`, `answer`, `unverified` or `unknown`; `email` as far as known."""

    def __init__(self, reason: str, email: str = "", detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.email, self.detail = reason, email, detail


def address() -> str:
    """Where the request comes from; behind a proxy it is known with TRUSTED_PROXIES."""
    return (request.remote_addr or "")[:64]


class Cookies(SecureCookieSessionInterface):
    """Flask's own signed cookie; it travels over https alone when the page does."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session; an empty one without any work where no cookie came, as with every webhook."""
        return super().open_session(app, request) if request.cookies else self.session_class()

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this request came over https."""
        return bool(request.is_secure)


def current(parts: Parts) -> SignedIn | None:
    """Who sends this request; None: nobody, or the session is over."""
    key = session.get(_KEY)
    if not isinstance(key, str):
        return None
    now = machine_now()
    limits = parts.process.reloader.current().access.sessions
    with parts.process.engine.connect() as connection:
        row = users.session(connection, hashed(key))
    if row is None:
        return None
    if now - row.seen_at > limits.idle or now - row.created_at > limits.absolute or _role_now(parts, row) != row.role:
        with parts.process.engine.begin() as connection:
            users.end_session(connection, row.sha256)
        return None
    if now - row.seen_at > min(_TOUCH, limits.idle / 4):
        with parts.process.engine.begin() as connection:
            users.touch_session(connection, row.sha256, now)
    return SignedIn(row.email, row.role, row.how, row.sha256)


def _role_now(parts: Parts, row: users.Row) -> str | None:
    """The role that this person would get today: a user's own, or by `access.yml`."""
    if row.how == "password":
        return str(row.user_role) if row.user_role else None
    return parts.process.reloader.current().access.role(row.email, row.claimed)


def begin(parts: Parts, who: KnownPerson, how: str) -> None:
    """Sign somebody in, under a key that nobody has seen."""
    old = session.get(_KEY)
    under_way = {name: value for name, value in session.items() if name.startswith(UNDER_WAY)}
    session.clear()
    session.update(under_way)  # a sign-in by the provider that another tab has begun
    session[_KEY] = key = secrets.token_urlsafe(32)
    now = machine_now()
    row = {"sha256": hashed(key), "email": who.email, "role": who.role, "claimed": who.claimed}
    row |= {"how": how, "address": address()}
    with parts.process.engine.begin() as connection:
        if isinstance(old, str):
            users.end_session(connection, hashed(old))
        users.begin_session(connection, row | {"created_at": now, "seen_at": now})
        audit.write(connection, Actor(who.email, how, address()), Change("signed_in", who.role), now)


def end(parts: Parts, person: SignedIn) -> None:
    """Sign out."""
    session.clear()
    with parts.process.engine.begin() as connection:
        users.end_session(connection, person.sha256)
        audit.write(connection, person.actor, Change("signed_out"), machine_now())


def others(parts: Parts, person: SignedIn) -> list[tuple[datetime, str, str]]:
    """The other sessions of a person: last seen, from where, how signed in."""
    now = machine_now()
    limits = parts.process.reloader.current().access.sessions
    with parts.process.engine.connect() as connection:
        rows = users.sessions_of(
            connection, person.email, seen_after=now - limits.idle, begun_after=now - limits.absolute
        )
    return [(row.seen_at, row.address, row.how) for row in rows if row.sha256 != person.sha256]
