"""The public keys with which Forge signs its invocation tokens: fetched, remembered, fetched anew when they change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

import requests
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from config.running import Http
from config.settings import Settings
from desk.http import equip
from desk.network import Network

_log = structlog.get_logger("forge")
LIFETIME = 3600.0  # seconds after which the keys are asked for again
UNKNOWN_AGAIN = 60.0  # seconds between two fetches for a key that is not among them, whoever asks
FAILED_AGAIN = 5.0  # seconds after a fetch that failed

_HTTP = Http(**dict.fromkeys(("connect", "read", "write", "whole"), timedelta(seconds=2)))  # Forge waits for 5 s

Fetch = Callable[[], Mapping[str, Any]]


def fetched(settings: Settings) -> Mapping[str, Any]:
    """The JWKS as Forge's address has it, through the proxy of this machine; raises what requests does."""
    with requests.Session() as session:
        equip(session, _HTTP, Network.of(settings))
        answer = session.get(str(settings.forge_jwks_url))
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found


class KeysAwayError(Exception):
    """The keys cannot be had now, so nobody can be told right from wrong."""


class ForgeKeys:
    """Keys by their id, for all threads of a process; `now` are seconds that only go forward."""

    def __init__(self, fetch: Fetch, now: Callable[[], float] = monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._keys: dict[str, RSAKey] = {}
        self._fetched = self._failed = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: str) -> RSAKey | None:
        """The key of this id, None when Forge has no such; raises KeysAwayError when that cannot be told."""
        with self._lock:
            age = self._now() - self._fetched
            known = kid in self._keys
            if age > LIFETIME or (not known and age > UNKNOWN_AGAIN):
                self._renew(needed=not known)
            return self._keys.get(kid)

    def _renew(self, *, needed: bool) -> None:
        """Fetch; a key that is known already stays good while Forge's address is silent."""
        try:
            if self._now() - self._failed < FAILED_AGAIN:
                raise KeysAwayError("asked a moment ago")
            self._keys = _keys(self._fetch())
            self._fetched = self._now()
        except (requests.RequestException, JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._failed = self._now()
            _log.warning("forge.keys_away", reason=type(error).__name__)
            if needed:
                raise KeysAwayError(type(error).__name__) from None
        except KeysAwayError:
            if needed:
                raise


def _keys(document: Mapping[str, Any]) -> dict[str, RSAKey]:
    """The RSA keys of a JWKS; raises what joserfc and Python do when it is none."""
    listed = [RSAKey.import_key(one) for one in document["keys"] if one["kty"] == "RSA"]
    keys = {key.kid: key for key in listed if key.kid}
    if not keys:
        raise ValueError("no RSA key")
    return keys
