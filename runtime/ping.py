"""A ping that only this bot can send and only this bot can answer, as both are signed with its `SECRET_KEY`.

`flask doctor` sends it to the public address: a 200 from some other page there would prove nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from pydantic import SecretStr

PATH = "/webhooks/ping"
HEADER = "X-Ping-Signature"
_NONCE = re.compile(rb"[0-9a-f]{32}")


def signature(nonce: bytes, key: SecretStr | None) -> str:
    """Return the signature of a question, whose nonce is 32 random hex digits."""
    return _digest(b"ping:" + nonce, key)


def answer(nonce: bytes, given: str, key: SecretStr | None) -> str | None:
    """Return the answer to a question; None when the question is malformed or not signed by this bot."""
    if not _NONCE.fullmatch(nonce) or not hmac.compare_digest(signature(nonce, key).encode(), given.encode()):
        return None
    return expected(nonce, key)


def expected(nonce: bytes, key: SecretStr | None) -> str:
    """Return what this bot answers."""
    return _digest(b"pong:" + nonce, key)


def _digest(text: bytes, key: SecretStr | None) -> str:
    return hmac.new((key or SecretStr("")).get_secret_value().encode(), text, hashlib.sha256).hexdigest()
