"""A small provider of OpenID Connect in this process: discovery, authorisation, token, keys."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from sandbox.live import QuietHandler

CLIENT, SECRET = "smezhnik", "an-invented-client-secret"


class FakeProvider:
    """Signs whoever comes in as `claims`; `spoil` changes what its id tokens say. Refuses a wrong PKCE verifier.

    `userinfo` is what its userinfo endpoint tells, None: it says nothing of one.
    A path that is `moved` redirects; one of `pages` answers something else.
    """

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self._codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {}
        self.spoil: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.moved: dict[str, str] = {}
        self.pages: dict[str, str] = {}
        self._app = Flask("provider")
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=QuietHandler)
        self.issuer = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._routes()

    def __enter__(self) -> FakeProvider:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def authorise(self, address: str) -> str:
        """What the person's browser does at the provider; the address that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.issuer}/authorize?")
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"]
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _routes(self) -> None:
        @self._app.before_request
        def elsewhere() -> Any:
            return redirect(self.moved[request.path]) if request.path in self.moved else self.pages.get(request.path)

        @self._app.get("/.well-known/openid-configuration")
        def discovery() -> Any:
            return jsonify(
                issuer=self.issuer,
                authorization_endpoint=f"{self.issuer}/authorize",
                token_endpoint=f"{self.issuer}/token",
                jwks_uri=f"{self.issuer}/keys",
                id_token_signing_alg_values_supported=["RS256"],
                **({} if self.userinfo is None else {"userinfo_endpoint": f"{self.issuer}/userinfo"}),
            )

        @self._app.get("/userinfo")
        def userinfo() -> Any:
            assert request.headers["Authorization"] == "Bearer x"
            return jsonify({"sub": "1", **(self.userinfo or {})})

        @self._app.get("/keys")
        def keys() -> Any:
            return jsonify(keys=[self._key.as_dict(private=False)])

        @self._app.post("/token")
        def token() -> Any:
            asked = self._codes.pop(request.form["code"], None)
            digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
            proved = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            given = request.authorization
            right = given is not None and (given.username, given.password) == (CLIENT, SECRET)
            if asked is None or asked["code_challenge"] != proved or not right:
                return jsonify(error="invalid_grant"), 400
            now = int(time.time())
            claims = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60}
            claims |= {"nonce": asked["nonce"]} | self.claims | self.spoil
            signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._key)
            return jsonify(access_token="x", token_type="Bearer", id_token=signed)
