"""Who may see what: pages by a password, the API by a token; and the headers that keep browsers careful."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable

from flask import Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, TimestampSigner
from pydantic import SecretStr

from config.settings import Settings
from web.errors import message_page

_FORM_LIVES = 12 * 3600  # seconds
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Guard = Callable[[], ResponseReturnValue | None]


def by_password(password: SecretStr | None) -> Guard:
    """Guard pages by HTTP Basic with any user name; without a password no page is served."""

    def guard() -> ResponseReturnValue | None:
        if password is None:
            return message_page(404, "closed")
        given = request.authorization
        if given is not None and given.type == "basic" and _same(given.password or "", [password]):
            return None
        refusal = message_page(401)
        refusal.headers["WWW-Authenticate"] = 'Basic realm="smezhnik", charset="UTF-8"'
        return refusal

    return guard


def by_token(tokens: Iterable[SecretStr]) -> Guard:
    """Guard the API by `Authorization: Bearer`; without a token it is closed."""
    known = list(tokens)

    def guard() -> ResponseReturnValue | None:
        if not known:
            return _refusal(403, "the API is closed", "set API_TOKENS (several, comma-separated) and restart web")
        given = request.authorization
        if given is not None and given.type == "bearer" and _same(given.token or "", known):
            return None
        refusal = _refusal(401, "the token is missing or wrong", "send Authorization: Bearer and one of API_TOKENS")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal

    return guard


def careful(response: Response) -> Response:
    """Nothing from elsewhere, nothing inline, no frame, no copy kept."""
    response.headers.update(_HEADERS)
    return response


class Forms:
    """Tokens that prove that a button was pressed on our own page, for one delivery and twelve hours."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.secret_key or settings.console_password or SecretStr("")
        self._signer = TimestampSigner(secret.get_secret_value(), salt="console", digest_method=hashlib.sha256)

    def token(self, number: int) -> str:
        """The token of a delivery's buttons."""
        return self._signer.sign(str(number)).decode()

    def check(self, number: int) -> None:
        """Refuse (400) a form without the token of this delivery."""
        try:
            signed = self._signer.unsign(request.form.get("token", ""), max_age=_FORM_LIVES)
        except BadSignature:
            abort(400)
        if signed.decode() != str(number):
            abort(400)


def _same(given: str, known: Iterable[SecretStr]) -> bool:
    """Whether one of the secrets was given; takes as long for a near miss as for any other."""
    digest = hashlib.sha256(given.encode(errors="replace")).digest()
    matches = [
        hmac.compare_digest(digest, hashlib.sha256(secret.get_secret_value().encode()).digest()) for secret in known
    ]
    return any(matches)


def _refusal(status: int, problem: str, fix: str) -> Response:
    response = jsonify({"error": {"problem": problem, "fix": fix}})
    response.status_code = status
    return response
