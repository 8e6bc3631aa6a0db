"""The audit: sign-ins and changes, and the undoing of what can be undone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store import audit, switches
from store.audit import Asked
from web.access.guard import person
from web.admin.history import History, can_be_undone
from web.admin.switches import switch
from web.asked import NUMBER, asked_number, storable
from web.parts import Parts
from web.shown import view_of
from web.words import word, words


def blueprint(parts: Parts) -> Blueprint:
    """`/changes`."""
    routes = Blueprint("changes", __name__)

    @routes.get("/changes")
    def page() -> str:
        """Who signed in and who changed what, the newest first."""
        asked = Asked(who=_asked("who"), what=_asked("what"), target=_asked("target"))
        with parts.process.engine.connect() as connection:
            rows = audit.page(connection, asked, asked_number("before"))
        told = request.args.get("told", "")
        return render_template(
            "changes.html",
            rows=History(parts, view_of(parts)).rows(rows),
            asked=asked,
            kinds=_kinds(),
            before=rows[-1].id if len(rows) == audit.PAGE else None,
            told=word("told", told) if told in words()["told"] else None,
        )

    @routes.post(f"/changes/{NUMBER}/undo")
    def undo(number: int) -> ResponseReturnValue:
        """Put back what was before, if nobody has changed it since."""
        with parts.process.engine.connect() as connection:
            row = audit.one(connection, number)
            modes = switches.modes(connection)
        if row is None:
            abort(404)
        if not can_be_undone(row, modes):
            return redirect(url_for("changes.page", told="not_undone"), 303)
        switch(parts, row.target, None if row.before == "file" else row.before, person().actor, reason="undo")
        return redirect(url_for("changes.page", told="undone"), 303)

    return routes


def _asked(name: str) -> str | None:
    return storable(request.args.get(name, "")).strip() or None


def _kinds() -> dict[str, Any]:
    return {kind: word("changes", kind) for kind in words()["changes"]}
