"""The one guard of all routes: who may enter, by `roles.yml`; and the headers that keep browsers careful."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect

from web.access import roles, sessions, tokens
from web.access.sessions import SignedIn
from web.access.tokens import Program
from web.access.unsent import unsent
from web.errors import PROGRAMS, message_page
from web.parts import Parts

_FORM_LIVES = 12 * 3600  # seconds
_LARGEST_FORM = 1_000_000  # bytes; webhooks have a limit of their own
_HTTPS_LASTS = 365 * 24 * 3600  # seconds
_SAFE = ("GET", "HEAD", "OPTIONS")
_PROGRAMS = "_webhooks"  # the end of the blueprints whose answers no browser sees
_STATIC = ("frame.static", "bootstrap.static")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def register(app: Flask, parts: Parts) -> None:
    """Guard every route of the application."""
    _set_cookies(app)
    csrf = CSRFProtect(app)

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        found = roles.door(request.endpoint) if request.endpoint else None
        if found is None:
            _recognise(parts)
            if request.endpoint is not None:
                abort(403)  # a route that nobody has put into the table
            return None
        door, least = found
        if door == "program":
            return _program(parts, least)
        if door == "watcher":
            return None if tokens.watches(parts) else tokens.wrong("METRICS_TOKENS")
        if door == "sender" or request.endpoint in _STATIC:
            return None
        if request.method not in _SAFE and (late := _too_late(parts, csrf)):
            return late
        return _person(parts, least) if door == "page" else None

    @app.after_request
    def careful_headers(response: Response) -> Response:
        if request.endpoint not in _STATIC and not (request.blueprint or "").endswith(_PROGRAMS):
            response.headers.update(_HEADERS)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_HTTPS_LASTS}"
        return response


def _set_cookies(app: Flask) -> None:
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the guard below asks it, for pages alone
    app.config["WTF_CSRF_TIME_LIMIT"] = _FORM_LIVES
    app.config["WTF_CSRF_SSL_STRICT"] = False  # it goes by the Referer, which we do not send
    app.config["SESSION_COOKIE_NAME"] = "smezhnik"
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.session_interface = sessions.Cookies()


def _too_late(parts: Parts, csrf: CSRFProtect) -> ResponseReturnValue | None:
    """Check the form's token; answer what is to be done with a form whose token is not good any more."""
    request.max_content_length = _LARGEST_FORM
    try:
        csrf.protect()
    except CSRFError:
        if request.endpoint == "entrance.check_password" and sessions.current(parts):
            # another tab has signed in since this form was shown
            return redirect(url_for("entrance.sign_in", next=request.values.get("next")), 303)
        _recognise(parts)
        if late := unsent(parts):
            return late
        raise
    return None


def person() -> SignedIn:
    """Who is signed in, behind the guard."""
    found: SignedIn = g.person
    return found


def program() -> Program:
    """Which program calls, behind the guard."""
    found: Program = g.program
    return found


def _recognise(parts: Parts) -> None:
    """Know who is signed in where nobody has to be: a page of an error keeps the menu."""
    if not request.path.startswith(PROGRAMS):
        g.person = sessions.current(parts)


def _program(parts: Parts, least: str) -> ResponseReturnValue | None:
    found = tokens.current(parts)
    if isinstance(found, Response):
        return found
    if not roles.may(found.role, least):
        return tokens.refusal(403, f"the role {found.role} may not do this", f"use a token of the role {least}")
    g.program = found
    return None


def _person(parts: Parts, least: str) -> ResponseReturnValue | None:
    found = sessions.current(parts)
    if found is None:
        if request.method not in _SAFE and (late := unsent(parts)):
            return late
        wanted = request.full_path.removesuffix("?") if request.method in _SAFE else None
        return redirect(url_for("entrance.sign_in", next=None if wanted == "/" else wanted), 303)
    g.person = found
    return None if roles.may(found.role, least) else message_page(403)


def own_path(text: str) -> str | None:
    """A path on this very site, for going back to; None for anything that leads elsewhere."""
    if not text.startswith("/") or text[:2] in ("//", "/\\") or "\\" in text or any(ord(sign) < 32 for sign in text):  # noqa: PLR2004
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else text
