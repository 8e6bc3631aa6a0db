"""Signing in, by a password or by the company's provider, and out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config.settings import Settings
from desk.clock import machine_now
from store import audit, users
from store.audit import Actor, Change
from web.access import people, roles, sessions, tries
from web.access.guard import own_path, person
from web.access.sessions import RefusedError
from web.errors import message_page
from web.parts import Parts, own_address
from web.query_parameters import storable
from web.words import word

if TYPE_CHECKING:
    from web.access.oidc import Provider

_log = structlog.get_logger("entrance")
_LONGEST = 254  # characters of an e-mail, and of a password


def blueprint(parts: Parts) -> Blueprint:
    """`/sign-in` and `/sign-out`."""
    routes = Blueprint("entrance", __name__)
    provider = _provider(parts.process.settings)

    @routes.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        """The form; whoever is signed in goes on."""
        found = sessions.current(parts)
        return redirect(_onward(found.role), 303) if found else _form(parts, provider)

    @routes.post("/sign-in")
    def check_password() -> ResponseReturnValue:
        """By e-mail and password."""
        email = storable(request.form.get("email", "")).strip().lower()
        password = request.form.get("password", "")[:_LONGEST]
        if until := tries.count(parts.process.engine, email):
            return _wait(parts, provider, until)
        sandbox = parts.process.settings.smezhnik_sandbox
        with parts.process.engine.connect() as connection:
            role = people.role_by_password(connection, email, password, sandbox=sandbox)
        if role is None:
            _refused(parts, email, "password")
            return _form(parts, provider, status=401, told="wrong")
        tries.right(parts.process.engine, email)
        sessions.begin(parts, sessions.KnownPerson(email, role), "password")
        return redirect(_onward(role), 303)

    @routes.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        """«Выйти»."""
        sessions.end(parts, person())
        return redirect(url_for("entrance.sign_in", told="out"), 303)

    _by_provider(routes, parts, provider)
    return routes


def _provider(settings: Settings) -> Provider | None:
    """The company's, if one is set."""
    if not settings.oidc_issuer:
        return None
    from web.access.oidc import Provider  # noqa: PLC0415 # Authlib and its cryptography take 11 MB and 0.3 s

    return Provider.of(settings)


def _by_provider(routes: Blueprint, parts: Parts, provider: Provider | None) -> None:
    @routes.get("/sign-in/company")
    def to_provider() -> ResponseReturnValue:
        """To the company's provider; nothing is changed here but a cookie that recognises the answer."""
        if provider is None:
            return message_page(404)
        back = own_address(parts) + url_for("entrance.from_provider")
        try:
            return provider.send(back, own_path(request.args.get("next", "")))
        except RefusedError as refused:
            return _provider_refused(parts, refused)

    @routes.get("/sign-in/company/back")
    def from_provider() -> ResponseReturnValue:
        """The provider's answer."""
        if provider is None:
            return message_page(404)
        if until := tries.count(parts.process.engine, ""):
            return _wait(parts, provider, until)
        try:
            access = parts.process.reloader.current().access
            claims, onward = provider.answer(access)
            who = provider.judge(claims, access)
        except RefusedError as refused:
            return _provider_refused(parts, refused)
        tries.right(parts.process.engine, "")
        sessions.begin(parts, who, "oidc")
        return redirect(own_path(onward or "") or url_for(roles.home(who.role)), 303)


def _provider_refused(parts: Parts, refused: RefusedError) -> Response:
    _log.warning("no sign-in by the provider", reason=refused.reason, detail=refused.detail)
    _refused(parts, refused.email, "oidc", refused.reason)
    return message_page(503 if refused.reason == "down" else 403, f"oidc_{refused.reason}")


def _form(parts: Parts, provider: Provider | None, *, status: int = 200, told: str = "") -> Response:
    told = told or request.args.get("told", "")
    sandbox = parts.process.settings.smezhnik_sandbox
    with parts.process.engine.connect() as connection:
        empty = not sandbox and provider is None and not users.all_users(connection)
    page = render_template(
        "sign_in.html",
        told=word("told", told) if told in ("wrong", "out", "often") else None,
        bad=told in ("wrong", "often"),
        onward=own_path(request.values.get("next", "")) or "",
        email=request.form.get("email", "")[:_LONGEST],
        by_provider=provider is not None,
        nobody=empty,
        sandbox=people.SANDBOX_USERS if sandbox else {},
        sandbox_password=people.SANDBOX_PASSWORD,
    )
    return make_response(page, status)


def _wait(parts: Parts, provider: Provider | None, until: datetime) -> Response:
    answer = _form(parts, provider, status=429, told="often")
    answer.headers["Retry-After"] = str(max(1, round((until - machine_now()) / timedelta(seconds=1))))
    return answer


def _onward(role: str) -> str:
    """Where to, after the sign-in: a page of this site, or the role's first one."""
    return own_path(request.values.get("next", "")) or url_for(roles.home(role))


def _refused(parts: Parts, email: str, how: str, reason: str | None = None) -> None:
    # what is no e-mail may be a password in the wrong field
    who = email if people.EMAIL.fullmatch(email) else "—"
    with parts.process.engine.begin() as connection:
        audit.write(
            connection, Actor(who, how, sessions.address()), Change("sign_in_refused", reason=reason), machine_now()
        )
