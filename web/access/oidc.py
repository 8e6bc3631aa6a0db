"""Sign-in by any provider of OpenID Connect: Keycloak, Google, Atlassian … (Authlib: code flow, PKCE, state, nonce)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import current_app, session
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError

from config.access import Access
from config.settings import Settings

_TIMEOUT = 10  # seconds
_ONWARD = "onward"
_BEGUN = "_state_oidc_"  # Authlib's
_TROUBLE = (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError, RuntimeError)


class RefusedError(Exception):
    """Nobody is signed in: `down`, `answer`, `unverified` or `unknown`; `email` as far as it is known."""

    def __init__(self, reason: str, email: str = "", detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.email, self.detail = reason, email, detail


@dataclass(frozen=True)
class Provider:
    """The company's provider."""

    issuer: str
    client_id: str
    client_secret: str

    @classmethod
    def of(cls, settings: Settings) -> Provider | None:
        """The provider of the environment, if one is set."""
        if not (settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret):
            return None
        return cls(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())

    def send(self, back: str, onward: str | None) -> ResponseReturnValue:
        """Redirect to the provider, which sends the browser `back`; raises RefusedError when it does not answer."""
        for begun in [name for name in session if name.startswith(_BEGUN)]:
            session.pop(begun)  # a cookie holds 4 kB: the last sign-in that was begun is the one that counts
        session[_ONWARD] = onward
        try:
            answer: ResponseReturnValue = self._client().authorize_redirect(back)
        except _TROUBLE as error:
            raise RefusedError("down", detail=type(error).__name__) from error
        return answer

    def answer(self) -> tuple[Mapping[str, Any], str | None]:
        """What the provider says of the person, and where the person wanted to go; raises RefusedError."""
        onward = session.pop(_ONWARD, None)
        try:
            token = self._client().authorize_access_token(claims_options={"iss": {"values": [self._named()]}})
        except _TROUBLE as error:
            raise RefusedError("answer", detail=type(error).__name__) from error
        claims = token.get("userinfo")
        if not claims:
            raise RefusedError("answer", detail="no id_token")
        return claims, onward

    @staticmethod
    def judge(claims: Mapping[str, Any], access: Access) -> tuple[str, str]:
        """E-mail and role of the person; raises RefusedError for one whom `access.yml` does not know."""
        email = str(claims.get("email") or "").lower()
        if not email or claims.get("email_verified") is not True:
            raise RefusedError("unverified", email)
        role = access.role(email, claims.get(access.claim) if access.claim else None)
        if role is None:
            raise RefusedError("unknown", email)
        return email, role

    def _named(self) -> str:
        """The issuer as it calls itself: the setting may lack the last slash."""
        found = str(self._client().load_server_metadata().get("issuer", ""))
        if found.rstrip("/") != self.issuer.rstrip("/"):
            raise ValueError("another issuer answers")
        return found

    def _client(self) -> Any:
        """Authlib's client, one per application: it remembers what the provider told of itself."""
        if "oidc" not in current_app.extensions:
            oauth = OAuth(current_app)
            current_app.extensions["oidc"] = oauth.register(
                "oidc",
                client_id=self.client_id,
                client_secret=self.client_secret,
                server_metadata_url=f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
                client_kwargs={
                    "scope": "openid email profile",
                    "code_challenge_method": "S256",
                    "default_timeout": _TIMEOUT,
                },
            )
        return current_app.extensions["oidc"]
