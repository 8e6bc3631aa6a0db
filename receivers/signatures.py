"""Verifies by secrets and signatures who sent a body. Everything fails closed: without a usable secret, no entry."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

_HUB = re.compile(r"sha256=([0-9a-fA-F]{64})")
_STANDARD = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
_EPOCH_SECONDS = re.compile(r"[0-9]{1,12}")
STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class NoSecretError(ValueError):
    """A receiver has no secret that could prove a sender; the message says which variable to set."""


def verify_hub(body: bytes, header: str | None, secrets: Sequence[SecretStr]) -> bool:
    """Check Jira's `X-Hub-Signature: sha256=<hex>` over the raw body.

    The signature may be by any of several secrets (rotation); each is tried, in constant time. Methods other than
    sha256 are refused. Vector: https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
    """
    match = _HUB.fullmatch(header or "")
    if match is None:
        return False
    given = bytes.fromhex(match[1])
    valid = False
    for secret in secrets:
        key = secret.get_secret_value().encode()
        # An empty key is one that anybody has.
        valid |= bool(key) and hmac.compare_digest(hmac.digest(key, body, hashlib.sha256), given)
    return valid


def verify_standard(body: bytes, headers: Mapping[str, str], secrets: Sequence[SecretStr]) -> bool:
    """Check the headers `webhook-id`, `-timestamp` (±5 min) and `-signature` of Standard Webhooks.

    The signature header may carry several signatures and `secrets` several keys; one match is enough.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    given = {name: lowered.get(name, "") for name in STANDARD_HEADERS}
    # The package raises on a signature that is not base64, so one of a future version could make it miss a good one.
    given["webhook-signature"] = " ".join(_STANDARD.findall(given["webhook-signature"]))
    if not all(given.values()) or not _EPOCH_SECONDS.fullmatch(given["webhook-timestamp"]):
        return False
    valid = False
    for secret in secrets:
        valid |= _one_standard(body, given, secret.get_secret_value())
    return valid


def check_hub_secrets(secrets: Sequence[SecretStr], variable: str) -> None:
    """Raise NoSecretError unless there is a secret and none is blank."""
    if not secrets or not all(secret.get_secret_value().strip() for secret in secrets):
        raise NoSecretError(
            f"{variable}: no secret is set, or one is empty; "
            "set the secret of the webhook (several, comma-separated, while it is being replaced)"
        )


def check_standard_secrets(secrets: Sequence[SecretStr], variable: str) -> None:
    """Raise NoSecretError unless there is a secret and each is `whsec_` and base64."""
    if not secrets or not all(_key(secret.get_secret_value()) for secret in secrets):
        raise NoSecretError(
            f"{variable}: no secret is set, or one is not whsec_ followed by base64; "
            "set the signing secret that the CRM shows (several, comma-separated, while it is being replaced)"
        )


def same_secret(given: str, secrets: Sequence[SecretStr]) -> bool:
    """Compare a secret that was sent in plain text with each of ours, in constant time; blank ones never match."""
    same = False
    for secret in secrets:
        key = secret.get_secret_value().encode()
        same |= bool(key.strip()) and hmac.compare_digest(key, given.encode(errors="replace"))
    return same


def check_plain_secrets(secrets: Sequence[SecretStr], fault: str) -> None:
    """Raise NoSecretError with this text unless there is a secret and none is blank."""
    if not secrets or not all(secret.get_secret_value().strip() for secret in secrets):
        raise NoSecretError(fault)


def _key(secret: str) -> bytes:
    text = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


@lru_cache(maxsize=16)
def _webhook(secret: str) -> Webhook | None:
    key = _key(secret)
    return Webhook(key) if key else None


def _one_standard(body: bytes, headers: dict[str, str], secret: str) -> bool:
    webhook = _webhook(secret)
    if webhook is None:
        return False
    try:
        webhook.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, UnicodeDecodeError):
        return False
    return True
