"""Which program calls `/api`: by `Authorization: Bearer`, a token of the store or one of `API_TOKENS`."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, jsonify, request
from pydantic import SecretStr

from desk.clock import machine_now
from store import users
from store.audit import Actor
from web.access.people import hashed
from web.access.sessions import address
from web.parts import Parts

_TOUCH = timedelta(minutes=1)  # the last use is written no more often


@dataclass(frozen=True)
class Program:
    """A program that may call; what stands in `API_TOKENS` may do all."""

    name: str
    role: str
    door: str

    @property
    def actor(self) -> Actor:
        """For the audit."""
        return Actor(self.name, self.door, address())


def current(parts: Parts) -> Program | Response:
    """The program that sends this request, or why it may not."""
    known = parts.process.settings.api_tokens
    token = _given()
    if token and _same(token, known):
        return Program("API_TOKENS", "admin", "env")
    found = _of_store(parts, token) if token else None
    if found is not None:
        return found
    with parts.process.engine.connect() as connection:
        closed = not known and not users.any_token(connection)
    if closed:
        return refusal(403, "the API is closed", "flask token add NAME --role lead, or set API_TOKENS and restart web")
    return wrong("flask token add")


def watches(parts: Parts) -> bool:
    """Whether this request may see the numbers: it brings one of METRICS_TOKENS, or none is set."""
    known = parts.process.settings.metrics_tokens
    return not known or _same(_given(), known)


def wrong(made_by: str) -> Response:
    """The answer to a token that is missing or opens nothing."""
    answer = refusal(401, "the token is missing or wrong", f"send Authorization: Bearer and a token of {made_by}")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _given() -> str:
    given = request.authorization
    return given.token or "" if given is not None and given.type == "bearer" else ""


def _of_store(parts: Parts, token: str) -> Program | None:
    now = machine_now()
    with parts.process.engine.connect() as connection:
        row = users.token(connection, hashed(token))
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > _TOUCH:
        with parts.process.engine.begin() as connection:
            users.touch_token(connection, row.name, now)
    return Program(row.name, row.role, "token")


def refusal(status: int, problem: str, fix: str) -> Response:
    """What a program is told."""
    response = jsonify({"error": {"problem": problem, "fix": fix}})
    response.status_code = status
    return response


def _same(given: str, known: tuple[SecretStr, ...]) -> bool:
    """Whether one of the secrets was given; takes as long for a near miss as for any other."""
    digest = hashlib.sha256(given.encode(errors="replace")).digest()
    matches = [
        hmac.compare_digest(digest, hashlib.sha256(secret.get_secret_value().encode()).digest()) for secret in known
    ]
    return any(matches)
