"""The audit: sign-ins and changes, and the undoing of what can be undone."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store import audit
from store.audit import AuditFilter
from store.rows import ChangeRow
from web.access import granting
from web.access.granting import NotGrantedError
from web.access.guard import person
from web.admin.file_saving import WHAT
from web.admin.history import DeliveryHistory, Standing
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
        if row is None:
            abort(404)
        return redirect(url_for("changes.page", told=_undone(parts, row)), 303)

    return routes


def _undone(parts: Parts, row: ChangeRow) -> str:
    """Take a change back; what is told then."""
    of_user = row.what in granting.CHANGES
    if row.what == WHAT or not Standing(parts).can_be_undone(row):  # a file's change is taken back on its own page
        return "user_not_undone" if of_user else "not_undone"
    if of_user:
        try:
            granting.here(parts, person().actor).take_back(row)
        except NotGrantedError as refused:
            return refused.reason
        return "user_undone"
    switch(parts, str(row.target), None if row.before == "file" else str(row.before), person().actor, reason="undo")
    return "undone"


def _parameter(name: str) -> str | None:
    return storable(request.args.get(name, "")).strip() or None


def _kinds() -> dict[str, object]:
    return {kind: word("changes", kind) for kind in words()["changes"]}
