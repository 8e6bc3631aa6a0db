"""The audit: sign-ins and changes, and the undoing of what can be undone."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store import audit, switches
from store.audit import AuditFilter
from web.access.guard import person
from web.admin.history import DeliveryHistory, can_be_undone
from web.admin.switching import switch
from web.parts import Parts
from web.query_parameters import NUMBER, number_of_query, storable
from web.shown import view_of
from web.words import notice, word, words


def blueprint(parts: Parts) -> Blueprint:
    """`/changes`."""
    routes = Blueprint("changes", __name__)

    @routes.get("/changes")
    def page() -> str:
        """Who signed in and who changed what, the newest first."""
        wanted = AuditFilter(who=_parameter("who"), what=_parameter("what"), target=_parameter("target"))
        with parts.process.engine.connect() as connection:
            rows = audit.page(connection, wanted, number_of_query("before"))
        told = request.args.get("told", "")
        return render_template(
            "changes.html",
            rows=DeliveryHistory(parts, view_of(parts)).rows(rows),
            asked=wanted,
            kinds=_kinds(),
            before=rows[-1].id if len(rows) == audit.PAGE else None,
            **notice(told),
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
        switch(parts, str(row.target), None if row.before == "file" else str(row.before), person().actor, reason="undo")
        return redirect(url_for("changes.page", told="undone"), 303)

    return routes


def _parameter(name: str) -> str | None:
    return storable(request.args.get(name, "")).strip() or None


def _kinds() -> dict[str, object]:
    return {kind: word("changes", kind) for kind in words()["changes"]}
