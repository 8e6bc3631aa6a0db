"""The public keys of Forge's invocation tokens: fetched, cached, and fetched again when they change."""

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
LIFETIME = 3600.0  # seconds after which the keys are fetched again
UNKNOWN_AGAIN = 60.0  # seconds after a fetch before an unknown key causes another
FAILED_AGAIN = 5.0  # seconds after a failed fetch before another

_HTTP = Http(**dict.fromkeys(("connect", "read", "write", "whole"), timedelta(seconds=2)))  # Forge waits for 5 s

Fetch = Callable[[], Mapping[str, Any]]


def fetched(settings: Settings) -> Mapping[str, Any]:
    """Fetch the JWKS from Forge, through this machine's proxy; raises what `requests` raises."""
    with requests.Session() as session:
        equip(session, _HTTP, Network.of(settings))
        answer = session.get(str(settings.forge_jwks_url))
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found


class KeysAwayError(Exception):
    """The keys cannot be fetched now, so no token can be verified."""


class ForgeKeys:
    """Keys by their id, shared by all threads of a process; `now` is a monotonic clock in seconds."""

    def __init__(self, fetch: Fetch, now: Callable[[], float] = monotonic) -> None:
        self._fetch, self._now = fetch, now
        self._keys: dict[str, RSAKey] = {}
        self._fetched = self._failed = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: str) -> RSAKey | None:
        """Return the key of this id, None when Forge has no such key; raises KeysAwayError when that is unknown."""
        with self._lock:
            age = self._now() - self._fetched
            known = kid in self._keys
            if age > LIFETIME or (not known and age > UNKNOWN_AGAIN):
                self._renew(needed=not known)
            return self._keys.get(kid)

    def _renew(self, *, needed: bool) -> None:
        """Fetch the keys; a failure is raised only if `needed`, so known keys stay valid while Forge is silent."""
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
    """Return the RSA keys of a JWKS; raises what joserfc and Python raise when it is malformed."""
    listed = [RSAKey.import_key(one) for one in document["keys"] if one["kty"] == "RSA"]
    keys = {key.kid: key for key in listed if key.kid}
    if not keys:
        raise ValueError("no RSA key")
    return keys
