"""One's own page: who am I here, where else am I signed in, another password."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from desk.clock import machine_now
from store import audit, users
from store.audit import Change
from web.access import people, sessions, tries
from web.access.guard import person
from web.parts import Parts
from web.shown import view_of
from web.words import notice, word


def blueprint(parts: Parts) -> Blueprint:
    """`/me`."""
    routes = Blueprint("me", __name__)

    @routes.get("/me")
    def page() -> str:
        """Name, role, sessions."""
        who, view = person(), view_of(parts)
        told = request.args.get("told", "")
        return render_template(
            "me.html",
            role=word("roles", who.role),
            how=word("doors", who.how),
            others=[
                (view.moment(seen), address, word("doors", how)) for seen, address, how in sessions.others(parts, who)
            ],
            **notice(told),
            least=people.SHORTEST,
        )

    _changes(routes, parts)
    return routes


def _changes(routes: Blueprint, parts: Parts) -> None:
    """What somebody may change of his own."""

    @routes.post("/me/others")
    def end_others() -> ResponseReturnValue:
        """«Выйти на других устройствах»."""
        who = person()
        with parts.process.engine.begin() as connection:
            count = users.end_sessions(connection, who.email, but=who.sha256)
            audit.write(connection, who.actor, Change("sessions_ended", after=count), machine_now())
        return redirect(url_for("me.page", told="others_out"), 303)

    @routes.post("/me/password")
    def change_password() -> ResponseReturnValue:
        """Another password; the present one is asked for, and every other session ends."""
        who = person()
        if who.how != "password":
            return redirect(url_for("me.page"), 303)
        if tries.count(parts.process.engine, who.email):
            return redirect(url_for("me.page", told="often"), 303)
        new = request.form.get("new", "")
        told = "password_set"
        with parts.process.engine.connect() as connection:
            sandbox = parts.process.settings.smezhnik_sandbox
            right = people.role_by_password(connection, who.email, request.form.get("present", ""), sandbox=sandbox)
        if right is None:
            told = "wrong_password"
        elif weakness := people.weakness(new, who.email):
            told = f"{weakness}_password"
        else:
            people.set_password(parts.process.engine, who.email, new, who.actor, but=who.sha256)
        return redirect(url_for("me.page", told=told), 303)
