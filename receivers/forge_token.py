"""Verifies the invocation token of a request from Forge, or refuses it with the reason.

https://developer.atlassian.com/platform/forge/forge-remote-invocation-contract
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time

from joserfc import jws, jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import RSAKey

from events.untrusted import objects, part, text
from receivers.forge_keys import ForgeKeys, KeysAwayError
from receivers.refusal import BadSignature, NotNow

ISSUER = "forge/invocation-token"
ALGORITHM = "RS256"
LEEWAY = 10  # seconds by which two clocks may differ; a token lives 25
_LONGEST = 20_000  # characters of a token
_PLACES = 20  # of an installation


@dataclass(frozen=True)
class Invocation:
    """A verified call: which of our sites it comes from, and the issue whose page it was made from, if any."""

    site: str
    issue: str | None
    claims: Mapping[str, object]


@dataclass(frozen=True)
class ForgeVerifier:
    """Verifies tokens for one app.

    `app` is the app's ARI, `sites` are our sites by cloud id, `now` is the time in seconds since 1970.
    """

    app: str
    sites: Mapping[str, str]
    keys: ForgeKeys
    now: Callable[[], float] = field(default=time)

    def verify(self, token: str) -> Invocation:
        """Verify a token. Raises BadSignature unless it is from Forge, for us and valid now; NotNow without keys."""
        claims = self._claims(token, self._key(token))
        if text(part(claims, "app").get("id")) != self.app:
            raise _refused("the token is another app's", "compare FORGE_APP_ID with app.id of the manifest")
        known = [self.sites[cloud] for cloud in _clouds(claims) if cloud in self.sites]
        if not known:
            raise _refused("the token is of a site that is not ours", "add the site's cloudId to FORGE_CLOUD_IDS")
        return Invocation(known[0], text(part(claims, "context", "extension", "issue").get("id")), claims)

    def _key(self, token: str) -> RSAKey:
        if not token:
            raise _refused("there is no token", "send Authorization: Bearer and Forge's invocation token")
        try:
            header = jws.extract_compact(token[:_LONGEST].encode()).protected
        except (JoseError, ValueError, TypeError):
            raise _refused("the token is no JWT", "send Forge's invocation token") from None
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise _refused(f"the token is not signed by {ALGORITHM} with a named key", "send Forge's invocation token")
        try:
            key = self.keys.find(kid)
        except KeysAwayError:
            raise NotNow("the keys of Forge cannot be fetched", "send it again later") from None
        if key is None:
            raise _refused("the token's key is not one of Forge's", "check FORGE_JWKS_URL")
        return key

    def _claims(self, token: str, key: RSAKey) -> Mapping[str, object]:
        rules = jwt.JWTClaimsRegistry(
            now=lambda: int(self.now()),
            leeway=LEEWAY,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": self.app},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            rules.validate(claims)
        except JoseError as error:
            raise _refused(_said(error), "send a fresh invocation token of this app") from None
        except (ValueError, TypeError, json.JSONDecodeError):
            raise _refused("the token's content cannot be read", "send Forge's invocation token") from None
        return claims


def _said(error: JoseError) -> str:
    match error:
        case BadSignatureError():
            return "the token's signature is wrong"
        case ExpiredTokenError():
            return "the token has expired"
        case InvalidClaimError() if error.claim in ("nbf", "iat"):
            return "the token is not valid yet"
        case MissingClaimError() | InvalidClaimError():
            return f"the token's claim {error.claim} is missing or wrong"
    return "the token cannot be verified"


def _clouds(claims: Mapping[str, object]) -> list[str]:
    """Return the cloud id that the call is about, else those of the sites where the app is installed."""
    about = text(part(claims, "context").get("cloudId"))
    places = objects(part(claims, "app", "installation").get("contexts"), _PLACES)
    return [about.lower()] if about else [cloud.lower() for one in places if (cloud := text(one.get("cloudId")))]


def _refused(problem: str, fix: str) -> BadSignature:
    return BadSignature(problem, fix)
