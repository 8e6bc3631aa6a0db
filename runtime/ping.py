"""A question that only this bot can ask, and an answer that only this bot can give, by its `SECRET_KEY`.

`flask doctor` asks through the public address: a page that answers 200 in the bot's place proves nothing.
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
    """Of a question: 32 hex digits that were never asked before."""
    return _digest(b"ping:" + nonce, key)


def answer(nonce: bytes, given: str, key: SecretStr | None) -> str | None:
    """The answer to a question; None when it is not signed by this bot."""
    if not _NONCE.fullmatch(nonce) or not hmac.compare_digest(signature(nonce, key).encode(), given.encode()):
        return None
    return expected(nonce, key)


def expected(nonce: bytes, key: SecretStr | None) -> str:
    """What this bot answers."""
    return _digest(b"pong:" + nonce, key)


def _digest(text: bytes, key: SecretStr | None) -> str:
    return hmac.new((key or SecretStr("")).get_secret_value().encode(), text, hashlib.sha256).hexdigest()
