"""Dead letters: why each stopped; one or many replayed in order, after a dry run, or dropped."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store import browse
from web.access.guard import person
from web.admin.actions import Actions
from web.admin.dry_runs import fragment, of_delivery
from web.parts import Parts
from web.query_parameters import LARGEST, NUMBER, number_of_query
from web.shown import view_of
from web.words import word

MOST = browse.PAGE  # that are replayed by one button


def blueprint(parts: Parts) -> Blueprint:
    """`/dead`: the list; `/dead/review`: what would happen; and the two buttons."""
    routes = Blueprint("dead", __name__)

    @routes.get("/dead")
    def newest() -> str:
        """Dead letters, the newest first."""
        view = view_of(parts)
        with parts.process.engine.connect() as connection:
            page = browse.dead_letters(connection, number_of_query("before"))
            counts = browse.open_counts(connection)
        letters = [view.delivery(row, ()) for row in page.rows]
        return render_template(
            "dead.html", letters=letters, before=page.before, count=counts["dead"], told=_told(), most=MOST
        )

    @routes.post("/dead/review")
    def review() -> ResponseReturnValue:
        """The chosen ones, in the order in which they would run; each is dry-run by a call of its own."""
        chosen = _chosen()
        if not chosen:
            return redirect(url_for("dead.newest", told="none"), 303)
        view = view_of(parts)
        with parts.process.engine.connect() as connection:
            rows = [row for row in browse.among(connection, chosen) if row.state == "dead"]
        return render_template("dead_review.html", letters=[view.delivery(row, ()) for row in rows])

    _buttons(routes, parts)
    return routes


def _buttons(routes: Blueprint, parts: Parts) -> None:
    """A dry run of one; to repeat or to drop many."""
    actions = Actions(parts.process.engine)

    @routes.post(f"/dead/{NUMBER}/dry-run")
    def dry_run(number: int) -> str:
        """A piece of the review: the dry run of one."""
        found = of_delivery(parts, number)
        if found is None:
            abort(404)
        return fragment(found)

    @routes.post("/dead/replay")
    def replay() -> ResponseReturnValue:
        """«Повторить», in the order in which they came."""
        count = actions.replay_dead(_chosen(), person().actor)
        return redirect(url_for("dead.newest", told="replayed_many", n=count), 303)

    @routes.post("/dead/drop")
    def drop() -> ResponseReturnValue:
        """«Отбросить»."""
        count = actions.drop_all(_chosen(), person().actor)
        return redirect(url_for("dead.newest", told="dropped_many", n=count), 303)


def _chosen() -> list[int]:
    numbers = {number for number in request.form.getlist("number", type=int) if 0 < number <= LARGEST}
    return sorted(numbers)[:MOST]


def _told() -> str | None:
    told = request.args.get("told", "")
    if told not in ("replayed_many", "dropped_many", "none"):
        return None
    return word("told", told).format(n=request.args.get("n", 0, type=int))
