"""How often a password may be tried: for each account and each address, counted in the store for all processes."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from desk.clock import machine_now
from store import rates
from store.rates import Rate
from web.access.sessions import address

_ACCOUNT = (1 / 30, 10)  # tries a second, and at once: of one account
_ADDRESS = (1 / 5, 30)  # from one address: an office may share it


def count(engine: sa.Engine, email: str) -> datetime | None:
    """Count one try; when the next one is allowed, if this one is not. No e-mail: the address alone counts."""
    named = [("address", address(), _ADDRESS), *([("account", email, _ACCOUNT)] if email else [])]
    with engine.begin() as connection:
        return max((until for one in named if (until := _take(connection, *one))), default=None)


def _take(connection: sa.Connection, kind: str, name: str, limit: tuple[float, int]) -> datetime | None:
    short = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]  # it may be anything, of any length
    return rates.take(connection, Rate(f"sign-in:{kind}:{short}", *limit), machine_now())
