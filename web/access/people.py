"""Users, their passwords, and the keys of programs: made on the command line or on a page, checked at the door."""

from __future__ import annotations

import getpass
import hashlib
import re
import secrets
from datetime import datetime

import sqlalchemy as sa
from werkzeug.security import check_password_hash, generate_password_hash

from config.access import ROLES, Role
from desk.clock import machine_now
from store import audit, users
from store.audit import Actor, Change

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TOKEN_NAME = re.compile(r"[\w.-]{1,64}")
SHORTEST, LONGEST = 10, 254  # characters of a password; the form takes no more
WEAKNESSES = ("unprintable", "short", "long", "common")
_STRONG = 3  # of zxcvbn's 0 to 4: safe from guessing at this door
_JUDGED = 72  # characters that zxcvbn looks at; its time grows with the cube
# a Russian word or row of keys is as easy to guess as what the same keys type in Latin letters, which zxcvbn knows
_KEYS = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`")
SANDBOX_PASSWORD = "sandbox"  # noqa: S105 # everybody knows it: it opens nothing but a sandbox
SANDBOX_USERS = {f"{role}@example.test": role for role in reversed(ROLES)}  # whoever looks around begins as the admin
# A password that everybody knows needs no slow hash; with one each start of a sandbox would cost a tenth of a second.
_QUICK = "pbkdf2:sha256:1"
# Checked when there is no such user, so that an answer takes as long as for one that there is.
_NOBODY = (
    "scrypt:32768:8:1$Nob0dyNob0dyNob0$"
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000"
)


def weakness(password: str, email: str) -> str | None:
    """Why a password may not be set, one of `WEAKNESSES`; None when it may."""
    if not password.isprintable():  # among others what was typed in another encoding than the terminal's
        return "unprintable"
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    from zxcvbn import zxcvbn  # noqa: PLC0415 # its lists take 60 ms and 15 MB, and a password is set once in a year

    told = [*email.lower().replace("@", " ").replace(".", " ").split(), email.lower(), "smezhnik", "смежник"]
    spellings = {password[:_JUDGED], password[:_JUDGED].lower().translate(_KEYS)}
    return "common" if min(zxcvbn(one, told)["score"] for one in spellings) < _STRONG else None


def operator() -> Actor:
    """Whoever types commands on this machine."""
    try:
        return Actor(getpass.getuser(), "cli")
    except (KeyError, OSError):  # a container's user may have no name
        return Actor("cli", "cli")


def hashed(secret: str) -> str:
    """The SHA-256 of a random secret: it is too long to be guessed, so it needs no slow hash."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _row(email: str, role: str, password: str, now: datetime, *, of_sandbox: bool = False) -> dict[str, object]:
    method = _QUICK if of_sandbox else "scrypt"
    kept = generate_password_hash(password, method)
    return {"email": email.lower(), "role": role, "password": kept, "of_sandbox": of_sandbox, "created_at": now}


def add_user(engine: sa.Engine, email: str, role: Role, password: str, by: Actor) -> bool:
    """Add a user; False when the e-mail is taken."""
    now = machine_now()
    row = _row(email, role, password, now)
    with engine.begin() as connection:
        if not users.add_user(connection, row):
            return False
        audit.write(connection, by, Change("user_added", email.lower(), after=role), now)
    return True


def remove_user(engine: sa.Engine, email: str, by: Actor) -> bool:
    """Remove a user, and end the sessions; False when there is none."""
    with engine.begin() as connection:
        if not users.remove_user(connection, email.lower()):
            return False
        users.end_sessions(connection, email.lower())
        audit.write(connection, by, Change("user_removed", email.lower()), machine_now())
    return True


def set_password(engine: sa.Engine, email: str, password: str, by: Actor, *, but: str = "") -> bool:
    """Give a user another password, and end the sessions, except `but`; False when there is no such user."""
    kept = generate_password_hash(password)
    with engine.begin() as connection:
        if not users.set_password(connection, email.lower(), kept):
            return False
        users.end_sessions(connection, email.lower(), but=but)
        audit.write(connection, by, Change("password_set", email.lower()), machine_now())
    return True


def add_sandbox_users(engine: sa.Engine) -> None:
    """One user of each role, for a sandbox."""
    now = machine_now()
    rows = [_row(email, role, SANDBOX_PASSWORD, now, of_sandbox=True) for email, role in SANDBOX_USERS.items()]
    with engine.begin() as connection:
        users.add_users(connection, rows)


def role_by_password(connection: sa.Connection, email: str, password: str, *, sandbox: bool) -> str | None:
    """The role of a user whose password this is; it takes as long when there is no such user."""
    user = users.user(connection, email.lower())
    right = check_password_hash(user.password if user else _NOBODY, password)
    if not right or user is None or user.blocked_at is not None or (user.of_sandbox and not sandbox):
        return None
    return str(user.role)


def add_token(engine: sa.Engine, name: str, role: Role, by: Actor) -> str | None:
    """Make a key for a program; it is given out this once. None when the name is taken."""
    secret = secrets.token_urlsafe(32)
    now = machine_now()
    with engine.begin() as connection:
        if not users.add_token(connection, {"name": name, "sha256": hashed(secret), "role": role, "created_at": now}):
            return None
        audit.write(connection, by, Change("token_added", name, after=role), now)
    return secret


def revoke_token(engine: sa.Engine, name: str, by: Actor) -> bool:
    """Take a program's key away; False when there is none that is valid."""
    now = machine_now()
    with engine.begin() as connection:
        if not users.revoke_token(connection, name, now):
            return False
        audit.write(connection, by, Change("token_revoked", name), now)
    return True
