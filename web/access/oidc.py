"""Sign-in by any provider of OpenID Connect: Keycloak, Google, Atlassian … (Authlib: code flow, PKCE, state, nonce)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import current_app, request, session
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError

from config.access import Access
from config.running import Http
from config.settings import Settings
from desk.faults import classify
from desk.http import equip
from desk.network import Network
from web.access.sessions import UNDER_WAY, KnownPerson, RefusedError

_TEN = timedelta(seconds=10)
_HTTP = Http(connect=timedelta(seconds=3), read=_TEN, write=_TEN, whole=_TEN)  # a person waits
_TABS = 3  # sign-ins under way at once; a cookie holds 4 kB
_ONWARD = "onward"
_TRUE = (True, "true")  # a text is what some providers send
_TROUBLE = (
    *(AuthlibBaseError, JoseError, requests.RequestException, RuntimeError),
    *(ValueError, KeyError, TypeError, AttributeError),  # answers of another form than Authlib expects
)


@dataclass(frozen=True)
class Provider:
    """The company's provider."""

    issuer: str
    client_id: str
    client_secret: str
    network: Network

    @classmethod
    def of(cls, settings: Settings) -> Provider | None:
        """The provider of the environment, if one is set."""
        if not (settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret):
            return None
        secret = settings.oidc_client_secret.get_secret_value()
        return cls(settings.oidc_issuer, settings.oidc_client_id, secret, Network.of(settings))

    def send(self, back: str, onward: str | None) -> ResponseReturnValue:
        """Redirect to the provider, which sends the browser `back`; raises RefusedError when it does not answer."""
        try:
            answer: ResponseReturnValue = self._client().authorize_redirect(back)
        except _TROUBLE as error:
            raise RefusedError("down", detail=_detail(error)) from error
        under_way = [name for name in session if name.startswith(UNDER_WAY)]
        newest, *older = sorted(under_way, key=lambda name: float(session[name]["exp"]), reverse=True)
        session[newest][_ONWARD] = onward
        for name in older[_TABS - 1 :]:
            session.pop(name)
        return answer

    def answer(self, access: Access) -> tuple[Mapping[str, object], str | None]:
        """What the provider says of the person, and where the person wanted to go; raises RefusedError."""
        begun = session.get(UNDER_WAY + request.args.get("state", ""), {})
        try:
            token = self._client().authorize_access_token(claims_options={"iss": {"values": [self._named()]}})
            claims = token.get("userinfo")
            if not claims:
                raise RefusedError("answer", detail="no id_token")
            if not claims.get("email") or (access.claim and access.claimed(claims) is None):
                claims = self._asked(token, claims)
        except _TROUBLE as error:
            raise RefusedError("answer", detail=_detail(error)) from error
        return claims, begun.get(_ONWARD)

    def _asked(self, token: Mapping[str, object], claims: Mapping[str, object]) -> Mapping[str, object]:
        """With what the provider says at its userinfo endpoint, if it has one; its id token goes first."""
        if not self._client().load_server_metadata().get("userinfo_endpoint"):
            return claims
        more: Mapping[str, object] = self._client().userinfo(token=token)
        if more.get("sub") != claims.get("sub"):
            raise ValueError("userinfo is somebody else's")
        return {**more, **{name: value for name, value in claims.items() if value is not None}}

    @staticmethod
    def judge(claims: Mapping[str, object], access: Access) -> KnownPerson:
        """Who this is; raises RefusedError for one whom `access.yml` does not know."""
        email = str(claims.get("email") or "").lower()
        if not email or claims.get("email_verified") not in _TRUE:
            raise RefusedError("unverified", email)
        claimed = access.claimed(claims)
        role = access.role(email, claimed)
        if role is None:
            raise RefusedError("unknown", email)
        return KnownPerson(email, role, claimed)

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
                client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
            )
            current_app.extensions["oidc"].client_cls = self._session
        return current_app.extensions["oidc"]

    def _session(self, **given: object) -> OAuth2Session:
        """Authlib's session on our transport."""
        session = OAuth2Session(**given)
        equip(session, _HTTP, self.network)
        return session


def _detail(error: Exception) -> str:
    """For the log: what the provider's address answered, or only the kind of the error, whose words may be secret."""
    return classify(error).reason if isinstance(error, requests.RequestException) else type(error).__name__
