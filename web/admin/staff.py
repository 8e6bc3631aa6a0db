"""«Люди и доступ»: who signs in by a password with which role, and the keys of programs."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config.access import ROLES, Role
from store import audit, users
from store.audit import AuditFilter
from web.access import granting, people
from web.access.granting import NotGrantedError
from web.access.guard import person
from web.admin.history import DeliveryHistory
from web.parts import Parts
from web.query_parameters import storable
from web.shown import view_of
from web.words import notice, word

_HISTORY = 20
_CHANGES = ("user_added", "user_removed", "user_blocked", "user_unblocked", "role_set", "password_set")
_CHANGES_OF_TOKENS = ("token_added", "token_revoked")


def blueprint(parts: Parts) -> Blueprint:
    """`/people` and its buttons."""
    routes = Blueprint("staff", __name__)

    @routes.get("/people")
    def page() -> str:
        """Users, tokens, and who changed them."""
        return _page(parts)

    @routes.post("/people/add")
    def add() -> ResponseReturnValue:
        """Add somebody who signs in by a password."""
        if fault := _not_added(parts):
            asked = {"email": _email(), "role": request.form.get("role", "")}
            return _page(parts, asked=asked | {"fault": word("staff_faults", fault)})
        return _back("user_added")

    _of_one(routes, parts)
    _of_programs(routes, parts)
    return routes


def _of_one(routes: Blueprint, parts: Parts) -> None:
    """The buttons beside a user."""

    @routes.post("/people/role")
    def set_role() -> ResponseReturnValue:
        """Another role."""
        role = _role()
        if role is None:
            return _back("no_role")
        return _granted(lambda: granting.here(parts, person().actor).set_role(_email(), role), "role_set")

    @routes.post("/people/block")
    def block() -> ResponseReturnValue:
        """«Закрыть вход»."""
        return _granted(lambda: granting.here(parts, person().actor).block(_email()), "user_blocked")

    @routes.post("/people/unblock")
    def unblock() -> ResponseReturnValue:
        """«Открыть вход»."""
        return _granted(lambda: granting.here(parts, person().actor).unblock(_email()), "user_unblocked")

    @routes.post("/people/password")
    def set_password() -> ResponseReturnValue:
        """Another password for somebody else; one's own is changed on `/me`, where the present one is asked for."""
        email, password = _email(), request.form.get("password", "")
        if email == person().email:
            return _back("own_rights")
        if weakness := people.weakness(password, email):
            return _back(f"{weakness}_password")
        known = people.set_password(parts.process.engine, email, password, person().actor)
        return _back("password_given" if known else "user_unknown")


def _of_programs(routes: Blueprint, parts: Parts) -> None:
    """Keys of programs."""

    @routes.post("/people/tokens")
    def add_token() -> ResponseReturnValue:
        """Make a key; this one answer shows it."""
        name, role, secret = storable(request.form.get("name", "")).strip(), _role(), None
        fault = "no_role" if role is None else "" if people.TOKEN_NAME.fullmatch(name) else "token_name"
        if role and not fault:
            secret = people.add_token(parts.process.engine, name, role, person().actor)
            fault = "" if secret else "token_known"
        if not fault:
            return _page(parts, secret=secret)
        asked = {"token": name, "token_role": request.form.get("role", "")}
        return _page(parts, asked=asked | {"token_fault": word("staff_faults", fault)})

    @routes.post("/people/tokens/revoke")
    def revoke_token() -> ResponseReturnValue:
        """«Отозвать»."""
        name = storable(request.form.get("name", ""))
        done = people.revoke_token(parts.process.engine, name, person().actor)
        return _back("token_revoked" if done else "token_gone")


def _page(parts: Parts, *, asked: dict[str, str] | None = None, secret: str | None = None) -> str:
    view, told = view_of(parts), request.args.get("told", "")
    sandbox = parts.process.settings.smezhnik_sandbox
    with parts.process.engine.connect() as connection:
        rows = [row for row in users.all_users(connection) if sandbox or not row.of_sandbox]
        seen = audit.last_sign_ins(connection, [row.email for row in rows])
        tokens = users.all_tokens(connection)
        asked_for = AuditFilter(kinds=(*_CHANGES, *_CHANGES_OF_TOKENS))
        changes = audit.page(connection, asked_for, None, _HISTORY)
    return render_template(
        "people.html",
        users=[(row, view.moment(seen[row.email]) if row.email in seen else None) for row in rows],
        tokens=[(row, view.moment(row.used_at) if row.used_at else None) for row in tokens],
        moment=view.moment,
        roles={role: word("roles", role) for role in ROLES},
        me=person().email,
        by_provider=bool(parts.process.settings.oidc_issuer),
        by_environment=len(parts.process.settings.api_tokens),
        changes=DeliveryHistory(parts, view).rows(changes),
        asked=asked or {},
        secret=secret,
        least=people.SHORTEST,
        most=people.LONGEST,
        **notice(told),
    )


def _not_added(parts: Parts) -> str | None:
    """Add whom the form names, or say why not, as `flask user add` does."""
    email, role, password = _email(), _role(), request.form.get("password", "")
    if not people.EMAIL.fullmatch(email):
        return "not_an_email"
    if role is None:
        return "no_role"
    if weakness := people.weakness(password, email):
        return f"{weakness}_password"
    return None if people.add_user(parts.process.engine, email, role, password, person().actor) else "user_known"


def _granted(change: Callable[[], bool], told: str) -> ResponseReturnValue:
    try:
        return _back(told if change() else "as_it_was")
    except NotGrantedError as refused:
        return _back(refused.reason)


def _back(told: str) -> ResponseReturnValue:
    return redirect(url_for("staff.page", told=told), 303)


def _email() -> str:
    return storable(request.form.get("email", "")).strip().lower()[: people.LONGEST]


def _role() -> Role | None:
    """The role that was chosen; None: none that there is."""
    asked = request.form.get("role", "")
    return next((role for role in ROLES if role == asked), None)
