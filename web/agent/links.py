"""Links of Usedesk's dynamic block: signed, valid for a limited time, and for one press of one button."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal, get_args

from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import SecretStr

LIVES = 12 * 3600  # seconds of real time: a working day with the ticket open
LinkAction = Literal["answered", "snooze", "jira"]


@dataclass(frozen=True)
class SignedLink:
    """What a link is for; `nonce` makes it single-use. `request` is a request's number, None for a Jira task."""

    action: LinkAction
    ticket: str
    request: int | None
    nonce: str


class Links:
    """Signs links with SECRET_KEY, and verifies and reads them."""

    def __init__(self, key: SecretStr) -> None:
        """Raises ValueError without a key: anybody could sign with an empty one."""
        if not key.get_secret_value().strip():
            raise ValueError("SECRET_KEY is not set")
        how = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._signer = URLSafeTimedSerializer(key.get_secret_value(), salt="usedesk-block", signer_kwargs=how)

    def make(self, action: LinkAction, ticket: str, request: int | None = None) -> str:
        """Make a new token."""
        return str(self._signer.dumps([action, ticket, request, secrets.token_urlsafe(12)]))

    def read(self, token: str) -> SignedLink | None:
        """Return what a token is for; None when it is not ours, or too old."""
        try:
            given: Any = self._signer.loads(token, max_age=LIVES)
        except BadSignature:
            return None
        action, ticket, request, nonce = given
        return SignedLink(action, ticket, request, nonce) if action in get_args(LinkAction) else None
