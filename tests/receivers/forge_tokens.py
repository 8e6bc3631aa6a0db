"""Forge as a test needs it: keys of its own, the JWKS that tells of them, and tokens signed by them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

APP = "ari:cloud:ecosystem::app/8db33809-1f32-48bb-8c52-5877dab48107"
OTHER_APP = "ari:cloud:ecosystem::app/00000000-0000-4000-8000-000000000001"
CLOUD = "d0d52620-3203-4cfa-8db5-f2587155f0dd"
NOW = 1_795_840_000  # seconds since 1970
KEYS = {name: RSAKey.generate_key(2048, {"kid": name, "use": "sig"}) for name in ("first", "second")}


def claims(**given: Any) -> dict[str, Any]:
    """What a token of the panel of issue 10012 says; `given` replaces, None takes away."""
    place = {"name": "jira", "apiBaseUrl": f"https://api.atlassian.com/ex/jira/{CLOUD}", "cloudId": CLOUD}
    said = {
        "iss": "forge/invocation-token",
        "aud": APP,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 25,
        "jti": "d8a496253ec8c18a54631e4c82cbedd5d0ae8570",
        "app": {"id": APP, "installation": {"id": "ari:cloud:ecosystem::installation/1", "contexts": [place]}},
        "context": {"cloudId": CLOUD, "extension": {"type": "jira:issuePanel", "issue": {"id": "10012"}}},
    }
    return {name: value for name, value in (said | given).items() if value is not None}


def token(said: Mapping[str, Any] | None = None, *, kid: str | None = "first", signed_by: str | None = None) -> str:
    """A token with these claims."""
    header = {"alg": "RS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
    return jwt.encode(header, dict(claims() if said is None else said), KEYS[signed_by or kid or "first"])


def signed_by_hmac() -> str:
    """By the public key's own text, as whoever mixes algorithms up would take it."""
    public = json.dumps(KEYS["first"].as_dict(private=False)).encode()
    return jwt.encode({"alg": "HS256", "kid": "first"}, claims(), OctKey.import_key(public))


@dataclass
class Jwks:
    """Forge's address: which keys it tells of, how often it was asked; `fails` is raised instead."""

    names: list[str] = field(default_factory=lambda: ["first"])
    asked: int = 0
    fails: Exception | None = None
    time: float = 1000.0

    def fetch(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return self.document

    @property
    def document(self) -> dict[str, Any]:
        return {"keys": [KEYS[name].as_dict(private=False) for name in self.names]}


@pytest.fixture
def jwks() -> Jwks:
    """One key, and a clock that the test sets."""
    return Jwks()


Post = Callable[[str], Any]
