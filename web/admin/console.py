"""Deliveries: what came in, what became of each and why; replay, drop, and a dry run of one."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store import browse, ledger, own_cases, ticket_titles
from web.access.guard import person
from web.admin.actions import Actions, replayable
from web.admin.dry_runs import of_delivery
from web.admin.event_rows import folded
from web.parts import SOURCES, Parts, sources
from web.query_parameters import ALL, NUMBER, number_of_query, page_filter_of_query
from web.shown import view_of
from web.times import zone_of
from web.words import notice, word


def blueprint(parts: Parts) -> Blueprint:
    """`/deliveries`, `/deliveries/<number>` and its buttons."""
    routes = Blueprint("console", __name__)
    actions = Actions(parts.process.engine)

    @routes.get("/deliveries")
    def newest() -> str:
        """The newest deliveries, narrowed by ticket, key, state, source, time."""
        return render_template("deliveries.html", **_list(parts))

    @routes.get(f"/deliveries/{NUMBER}")
    def delivery(number: int) -> str:
        """One delivery with all that is known of it."""
        return render_template("delivery.html", **_one(parts, number))

    @routes.post(f"/deliveries/{NUMBER}/replay")
    def replay(number: int) -> ResponseReturnValue:
        """«Повторить»."""
        return _back(number, "replayed" if actions.replay(number, person().actor) else "busy")

    @routes.post(f"/deliveries/{NUMBER}/drop")
    def drop(number: int) -> ResponseReturnValue:
        """«Отбросить»."""
        return _back(number, "dropped" if actions.drop(number, person().actor) else "busy")

    @routes.post(f"/deliveries/{NUMBER}/dry-run")
    def dry_run(number: int) -> str:
        """«Что сделал бы бот» about a stored delivery, now."""
        found = of_delivery(parts, number)
        if found is None:
            abort(404)
        return render_template("delivery.html", dry_run=found, **_one(parts, number))

    return routes


def _back(number: int, told: str) -> ResponseReturnValue:
    return redirect(url_for("console.delivery", number=number, told=told), 303)


def _list(parts: Parts) -> dict[str, object]:
    view = view_of(parts)
    wanted = page_filter_of_query(zone_of(parts.process.reloader.current()))
    with parts.process.engine.connect() as connection:
        page = browse.page(connection, wanted, SOURCES, number_of_query("before"))
        steps = browse.steps(connection, [row.id for row in page.rows])
        tickets = own_cases.tickets(connection, [row.case_id for row in page.rows])
        cases = {row.id: tickets.get(row.case_id, row.case_id) for row in page.rows}
        titles = ticket_titles.of_cases(connection, cases.values())
    asked = {name: value for name, value in request.args.items() if value and name != "before"}
    return {
        "wanted": wanted,
        "asked": asked,
        "narrowed": bool(asked.keys() & {"state", "source", "case", "q", "since", "until"}),
        "everything": asked.get("state") == ALL,
        "events": folded(page.rows, cases, lambda row: view.delivery(row, steps[row.id])),
        "cases": cases,
        "titles": view.titles(titles),
        "before": page.before,
        "states": {state: word("states", state) for state in browse.STATES},
        "sources": {source: word("sources", source) for source in sources(parts)},
    }


def _one(parts: Parts, number: int) -> dict[str, object]:
    view = view_of(parts)
    with parts.process.engine.connect() as connection:
        row = browse.one(connection, number)
        if row is None:
            abort(404)
        steps = ledger.of_delivery(connection, number)
    told = request.args.get("told", "")
    return {
        "delivery": view.delivery(row, steps, replayable=replayable(row)),
        "body": view.document(row.body),
        "event": view.document(row.event),
        "waits_for": word("systems", row.waits_for) if row.waits_for else None,
        "config_version": row.config_version,
        "taken": view.moment(row.taken_at) if row.taken_at else None,
        "texts_gone": view.moment(row.texts_gone_at) if row.texts_gone_at else None,
        "finished": view.moment(ended) if (ended := browse.ended_at(row)) else None,
        **notice(told),
    }
