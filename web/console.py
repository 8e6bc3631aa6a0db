"""The pages: what came in, what became of it and why, and how the systems are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from desk.clock import machine_now
from store import browse, ledger, systems
from web.access import Forms, by_password
from web.actions import Actions, replayable
from web.asked import ALL, asked_number, asked_on_page
from web.parts import SOURCES, Parts
from web.shown import View
from web.words import word, words

_ALERTS = 5
_NUMBER = "<int(max=9223372036854775807):number>"  # what a BIGINT holds


def blueprint(parts: Parts) -> Blueprint:
    """`/`, `/deliveries/<number>` and its two buttons."""
    routes = Blueprint("console", __name__, template_folder="templates", static_folder="static")
    forms = Forms(parts.process.settings)
    actions = Actions(parts.process.engine, "console")
    guard = by_password(parts.process.settings.console_password)

    @routes.before_request
    def only_by_password() -> ResponseReturnValue | None:
        return guard() if request.endpoint != "console.static" else None

    @routes.get("/")
    def newest() -> str:
        """The newest deliveries, with their ledgers, and how the systems are."""
        return render_template("deliveries.html", **_list(parts))

    @routes.get(f"/deliveries/{_NUMBER}")
    def delivery(number: int) -> str:
        """One delivery with all that is known of it."""
        return render_template("delivery.html", token=forms.token(number), **_one(parts, number))

    @routes.post(f"/deliveries/{_NUMBER}/replay")
    def replay(number: int) -> ResponseReturnValue:
        """«Повторить»."""
        forms.check(number)
        return _back(number, "replayed" if actions.replay(number) else "busy")

    @routes.post(f"/deliveries/{_NUMBER}/drop")
    def drop(number: int) -> ResponseReturnValue:
        """«Отбросить»."""
        forms.check(number)
        return _back(number, "dropped" if actions.drop(number) else "busy")

    return routes


def _back(number: int, told: str) -> ResponseReturnValue:
    return redirect(url_for("console.delivery", number=number, told=told), 303)


def _list(parts: Parts) -> dict[str, Any]:
    wanted = asked_on_page()
    view = _view(parts)
    with parts.process.engine.connect() as connection:
        page = browse.page(connection, wanted, SOURCES, asked_number("before"))
        steps = browse.steps(connection, [row.id for row in page.rows])
        house = _house(connection, parts, view)
    return {
        "wanted": wanted,
        "narrowed": any((wanted.state, wanted.source, wanted.case, wanted.text)),
        "everything": request.args.get("state") == ALL,
        "deliveries": [view.delivery(row, steps[row.id]) for row in page.rows],
        "before": page.before,
        "states": {state: word("states", state) for state in browse.STATES},
        "sources": {source: word("sources", source) for source in SOURCES},
        **house,
    }


def _house(connection: sa.Connection, parts: Parts, view: View) -> dict[str, Any]:
    """How the house is: systems, rate limits, workers, numbers, alerts."""
    now = machine_now()
    lease = parts.process.watch.current().runtime.worker_lease
    redact = parts.redact
    gates = [
        {
            "name": row.name,
            "words": word("gate", "down" if row.closed_at else "up"),
            "closed": view.moment(row.closed_at) if row.closed_at else None,
            "reason": redact(row.reason or ""),
        }
        for row in systems.gates(connection)
    ]
    pauses = [
        {"scope": row.scope, "until": view.moment(row.until), "reason": row.reason or ""}
        for row in systems.pauses_in_force(connection, now)
    ]
    oldest = browse.oldest_waiting(connection)
    return {
        "now": view.moment(now),
        "gates": gates,
        "pauses": pauses,
        "workers": sum(now - row.seen_at <= lease for row in systems.workers_known(connection)),
        "counts": browse.open_counts(connection),
        "oldest": view.moment(oldest) if oldest else None,
        "alerts": [
            {"text": redact(row.text), "at": view.moment(row.raised_at)}
            for row in systems.newest_alerts(connection, _ALERTS)
        ],
    }


def _one(parts: Parts, number: int) -> dict[str, Any]:
    view = _view(parts)
    with parts.process.engine.connect() as connection:
        row = browse.one(connection, number)
        if row is None:
            abort(404)
        steps = ledger.of_delivery(connection, number)
    return {
        "delivery": view.delivery(row, steps, replayable=replayable(row)),
        "body": view.document(row.body),
        "event": view.document(row.event),
        "waits_for": row.waits_for,
        "config_version": row.config_version,
        "taken": view.moment(row.taken_at) if row.taken_at else None,
        "finished": view.moment(row.finished_at) if row.finished_at else None,
        "told": words()["told"].get(request.args.get("told", "")),
    }


def _view(parts: Parts) -> View:
    return View(parts, parts.process.watch.current(), machine_now())
