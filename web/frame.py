"""The frame of every page: menu by role, language, notice of a pause; and `/`, which leads to the role's first page."""

from __future__ import annotations

from flask import Blueprint, Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5
from sqlalchemy.exc import SQLAlchemyError

from desk.clock import machine_now
from store import switches
from web import language, menu
from web.access import roles
from web.access.guard import own_path, person
from web.parts import Parts
from web.shown import View
from web.times import zone_of
from web.typed import typed
from web.words import word

_YEAR = 365 * 86400  # seconds


def blueprint() -> Blueprint:
    """Make `/`, the choice of a language, and the templates and static files of all pages."""
    routes = Blueprint("frame", __name__, template_folder="templates", static_folder="static")

    @routes.get("/")
    def home() -> ResponseReturnValue:
        """Redirect to the role's first page."""
        return redirect(url_for(roles.home(person().role)), 303)

    @routes.post("/language")
    def choose_language() -> ResponseReturnValue:
        """Keep the chosen language in a cookie."""
        answer = redirect(own_path(request.form.get("back", "")) or url_for("frame.home"), 303)
        asked = request.form.get("language", "")
        if asked in language.LANGUAGES:
            answer.set_cookie(
                language.COOKIE, asked, max_age=_YEAR, secure=request.is_secure, httponly=True, samesite="Lax"
            )
        return answer

    return routes


def register(app: Flask, parts: Parts) -> None:
    """Give every page the values that its frame shows."""
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    Bootstrap5(app)
    language.register(app)
    app.register_blueprint(blueprint())

    @app.context_processor
    def frame() -> dict[str, object]:
        who = g.get("person")
        return {
            "who": who,
            "role_words": word("roles", who.role) if who else "",
            "menu": menu.groups(parts, who.role, request.blueprint) if who else [],
            "may": lambda endpoint: who is not None and roles.may_enter(who.role, endpoint),
            "room": request.blueprint,
            "language": language.language(),
            "languages": language.LANGUAGES,
            "typed": typed,
            "here": request.full_path.removesuffix("?") if request.method == "GET" else "/",
            "paused": _paused(parts) if who else None,
            "person_name": parts.process.reloader.current().people.name,
            "zone": zone_of(parts.process.reloader.current()).key,
        }


def _paused(parts: Parts) -> dict[str, object] | None:
    """Return the pause of all effects for the notice on top; None also when the database is down."""
    try:
        with parts.process.engine.connect() as connection:
            row = switches.paused(connection)
    except SQLAlchemyError:
        return None
    view = View(parts, parts.process.reloader.current(), machine_now())
    return {"since": view.moment(row.closed_at), "reason": row.reason} if row else None
