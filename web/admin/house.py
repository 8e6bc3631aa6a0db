"""How the house is: queue, workers, clock, systems, rate limits, alerts; and the pause of all effects."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from desk.gates import LONG
from runtime.clock import SILENT
from store import audit, browse, deliveries, switches, systems
from store.audit import Change
from web.access.guard import person
from web.asked import storable
from web.gates import gates
from web.parts import Parts, crms
from web.shown import View, view_of
from web.words import word, words

_ALERTS = 8
_LATEST = 5  # dead letters


def blueprint(parts: Parts) -> Blueprint:
    """`/state`, and its switches."""
    routes = Blueprint("house", __name__)
    engine = parts.process.engine

    @routes.get("/state")
    def page() -> str:
        """What an admin looks at in the morning."""
        view = view_of(parts)
        told = request.args.get("told", "")
        with engine.connect() as connection:
            found = _state(connection, parts, view)
            dead = browse.dead_letters(connection, None, _LATEST)
            events = browse.any_delivery(connection)
        letters = [view.delivery(row, ()) for row in dead.rows]
        notice = word("told", told) if told in words()["told"] else None
        return render_template(
            "state.html", dead=letters, events=events, told=notice, webcrm=WEBCRM in crms(parts), **found
        )

    @routes.post("/state/pause")
    def pause() -> ResponseReturnValue:
        """«Остановить»: events are taken, nothing is done about them."""
        reason = storable(request.form.get("reason", "")).strip()
        who = person().actor
        with engine.begin() as connection:
            if switches.pause(connection, f"{who.who}: {reason}" if reason else who.who, machine_now()):
                audit.write(connection, who, Change("paused", reason=reason or None), machine_now())
        return redirect(url_for("house.page"), 303)  # the notice on top says it

    @routes.post("/state/resume")
    def resume() -> ResponseReturnValue:
        """«Продолжить»; the clock lets go what waits, in pieces."""
        with engine.begin() as connection:
            if switches.resume(connection):
                audit.write(connection, person().actor, Change("resumed"), machine_now())
        return redirect(url_for("house.page", told="resumed"), 303)

    @routes.post("/state/lift")
    def lift() -> ResponseReturnValue:
        """«Снять»: a system that asked for patience is called again, and what waited for it is due."""
        scope, now = storable(request.form.get("scope", "")), machine_now()
        with engine.begin() as connection:
            until = systems.lift_pause(connection, scope, now)
            if until is not None:
                deliveries.release_moment(connection, until, now)
                change = Change("pause_lifted", target=scope, before=until.isoformat())
                audit.write(connection, person().actor, change, now)
        return redirect(url_for("house.page", told="pause_lifted"), 303)

    return routes


def _state(connection: sa.Connection, parts: Parts, view: View) -> dict[str, Any]:
    now = machine_now()
    lease = parts.process.watch.current().runtime.worker_lease
    oldest = browse.oldest_waiting(connection)
    clocks = systems.clocks_known(connection)
    seen = max((row.seen_at for row in clocks), default=None)
    return {
        "now": view.moment(now),
        "gates": [_gate(name, row, parts, view) for name, row in gates(connection, parts).items()],
        "pauses": [
            {
                "scope": row.scope,
                "until": view.moment(row.until),
                "reason": row.reason or "",
                "long": row.until - now > LONG,
            }
            for row in systems.pauses_in_force(connection, now)
        ],
        "workers": [
            {"name": row.executor_id, "seen": view.moment(row.seen_at), "since": view.moment(row.started_at)}
            for row in systems.workers_known(connection)
            if now - row.seen_at <= lease
        ],
        "clocks": sum(now - row.seen_at <= SILENT for row in clocks),
        "clock_seen": view.moment(seen) if seen else None,
        "counts": browse.open_counts(connection),
        "oldest": view.moment(oldest) if oldest else None,
        "alerts": [
            {"text": parts.redact(row.text), "at": view.moment(row.raised_at)}
            for row in systems.newest_alerts(connection, _ALERTS)
        ],
    }


def _gate(name: str, row: sa.Row[Any] | None, parts: Parts, view: View) -> dict[str, Any]:
    if row is None:
        return {"name": name, "words": word("gate", "quiet"), "closed": None, "reason": ""}
    return {
        "name": name,
        "words": word("gate", "down" if row.closed_at else "up"),
        "closed": view.moment(row.closed_at) if row.closed_at else None,
        "reason": parts.redact(row.reason or ""),
    }
