"""Switching rules by hand, and the signed token by which the page names what was switched and takes it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from desk.clock import machine_now
from store import audit, switches
from store.audit import Actor, Change
from web.parts import Parts

FILE = "file"  # the word of the files: nothing is switched
_LIVES = 24 * 3600  # seconds for which a page offers the undo


@dataclass(frozen=True)
class Switched:
    """What was switched: `of` is a rule or a part of the page, `before` the switch of each rule until then."""

    of: str
    mode: str
    before: Mapping[str, str]

    def token(self) -> str:
        """Signed, for an address."""
        return str(_signer().dumps([self.of, self.mode, dict(self.before)]))

    @classmethod
    def of_token(cls, token: str) -> Switched | None:
        """What a token says; None for one that is too old or not ours."""
        try:
            of, mode, before = _signer().loads(token, max_age=_LIVES)
        except BadSignature:
            return None
        return cls(of, mode, before)


def switch(parts: Parts, rule: str, mode: str | None, by: Actor, reason: str | None = None) -> None:
    """Set the switch of a rule and of those that go with it, and write down who did.

    The next delivery that begins obeys it.
    """
    switch_all(parts, [rule], mode or FILE, by, reason)


def switch_all(
    parts: Parts, rules: Iterable[str], mode: str, by: Actor, reason: str | None = None
) -> Mapping[str, str]:
    """The same for several rules; what each was switched to before."""
    files = parts.process.reloader.current().rules
    names = dict.fromkeys(other for rule in rules for other in files.with_others(rule))
    with parts.process.engine.begin() as connection:
        return {name: _set(connection, name, mode, by, reason) for name in names}


def take_back(parts: Parts, done: Switched, by: Actor) -> bool:
    """Put back what was before; False, and nothing is changed, when somebody has switched one of the rules since."""
    with parts.process.engine.begin() as connection:
        modes = switches.modes(connection)
        if any(modes.get(name, FILE) != done.mode for name in done.before):
            return False
        for name, before in done.before.items():
            _set(connection, name, before, by, "undo")
    return True


def _set(connection: sa.Connection, name: str, mode: str, by: Actor, reason: str | None) -> str:
    now = machine_now()
    before = switches.set_mode(connection, name, None if mode == FILE else mode, by.who, now) or FILE
    if before != mode:
        audit.write(connection, by, Change("mode_set", name, before=before, after=mode, reason=reason), now)
    return before


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="rules-undo")
