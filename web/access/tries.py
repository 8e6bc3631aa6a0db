"""How often a password may be tried: for each account and each address, counted in the store for all processes.

Whoever signed in from an address before has a count of his own there: strangers who guess from elsewhere do not lock
him out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from desk.clock import machine_now
from store import audit, rates
from store.rates import Rate
from web.access.sessions import address

_ACCOUNT = (1 / 30, 10)  # tries a second, and at once: of one account
_ADDRESS = (1 / 5, 30)  # from one address: an office may share it


def count(engine: sa.Engine, email: str) -> datetime | None:
    """Count one try; when the next one is allowed, if this one is not. No e-mail: the address alone counts."""
    now = machine_now()
    with engine.begin() as connection:
        waits = [rates.take(connection, rate, now) for rate in _rates(connection, email)]
    return max((until for until in waits if until), default=None)


def right(engine: sa.Engine, email: str) -> None:
    """The try that was counted was right, so it was no guess."""
    with engine.begin() as connection:
        for rate in _rates(connection, email):
            rates.give_back(connection, rate)


def _rates(connection: sa.Connection, email: str) -> Sequence[Rate]:
    here = _rate("address", address(), _ADDRESS)
    if not email:
        return (here,)
    own = audit.signed_in_from(connection, email, address())
    return here, _rate("account", f"{email} {address()}" if own else email, _ACCOUNT)


def _rate(kind: str, name: str, limit: tuple[float, int]) -> Rate:
    short = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]  # it may be anything, of any length
    return Rate(f"sign-in:{kind}:{short}", *limit)
