"""The status page: queue, workers, clock, systems, rate limits, alerts; and the pause of all effects."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from desk.circuit_breaker import LONG
from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from runtime.clock import SILENT
from store import audit, browse, deliveries, switches, systems
from store.audit import Change
from store.rows import SystemRow
from web.access.guard import person
from web.admin.alerts import open_alerts
from web.admin.traffic import charts_of_day
from web.breakers import breakers
from web.parts import Parts, crms
from web.query_parameters import storable
from web.shown import View, view_of
from web.times import zone_of
from web.words import notice, word

_ALERTS = 8
_LATEST = 5  # dead letters


def blueprint(parts: Parts) -> Blueprint:
    """`/state`, and its switches."""
    routes = Blueprint("status", __name__)
    engine = parts.process.engine

    @routes.get("/state")
    def page() -> str:
        """What an admin looks at in the morning."""
        told = request.args.get("told", "")
        with engine.connect() as connection:
            events = browse.any_delivery(connection)
        shown = {"events": events, "webcrm": WEBCRM in crms(parts), **notice(told)}
        return render_template("status.html", **shown, **_fresh(parts))

    @routes.get("/state/now")
    def fresh() -> str:
        """The part of it that changes by itself."""
        return render_template("_state.html", **_fresh(parts))

    _buttons(routes, parts)
    return routes


def _buttons(routes: Blueprint, parts: Parts) -> None:
    """Pause, go on, and lift a limit of calls."""
    engine = parts.process.engine

    @routes.post("/state/pause")
    def pause() -> ResponseReturnValue:
        """«Поставить на паузу»: events are taken, nothing is done about them."""
        reason = storable(request.form.get("reason", "")).strip()
        who = person().actor
        with engine.begin() as connection:
            if switches.pause(connection, f"{who.who}: {reason}" if reason else who.who, machine_now()):
                audit.write(connection, who, Change("paused", reason=reason or None), machine_now())
        return redirect(url_for("status.page"), 303)  # the notice on top says it

    @routes.post("/state/resume")
    def resume() -> ResponseReturnValue:
        """«Продолжить»; the clock lets go what waits, in pieces."""
        with engine.begin() as connection:
            if switches.resume(connection):
                audit.write(connection, person().actor, Change("resumed"), machine_now())
        return redirect(url_for("status.page", told="resumed"), 303)

    @routes.post("/state/lift")
    def lift() -> ResponseReturnValue:
        """«Снять»: a system that asked for patience is called again, and what waited for it is due."""
        scope, now = storable(request.form.get("scope", "")), machine_now()
        with engine.begin() as connection:
            until = systems.lift_rate_limit(connection, scope, now)
            if until is not None:
                deliveries.release_moment(connection, until, now)
                change = Change("pause_lifted", target=scope, before=until.isoformat())
                audit.write(connection, person().actor, change, now)
        return redirect(url_for("status.page", told="pause_lifted"), 303)


def _fresh(parts: Parts) -> dict[str, object]:
    """What changes by itself."""
    view, zone = view_of(parts), zone_of(parts.process.reloader.current())
    with parts.process.engine.connect() as connection:
        found = _state(connection, parts, view)
        dead = browse.dead_letters(connection, None, _LATEST)
        traffic = charts_of_day(connection, machine_now(), zone)
    return {"dead": [view.delivery(row, ()) for row in dead.rows], "traffic": traffic, **found}


def _state(connection: sa.Connection, parts: Parts, view: View) -> dict[str, object]:
    now = machine_now()
    lease = parts.process.reloader.current().runtime.worker_lease
    oldest = browse.oldest_waiting(connection)
    clocks = systems.clocks_known(connection)
    seen = max((row.seen_at for row in clocks), default=None)
    known = breakers(connection, parts)
    limits = systems.rate_limits_in_force(connection, now)
    waits = [name for name, row in known.items() if row and row.closed_at], [row.scope for row in limits]
    return {
        "now": view.moment(now),
        "breakers": [_breaker(name, row, parts, view) for name, row in known.items()],
        "rate_limits": [
            {
                "scope": row.scope,
                "until": view.moment(row.until),
                "reason": row.reason or "",
                "long": row.until - now > LONG,
            }
            for row in limits
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
            for row in open_alerts(connection, now, waits, _ALERTS)
        ],
    }


def _breaker(name: str, row: SystemRow | None, parts: Parts, view: View) -> dict[str, object]:
    if row is None:
        return {"name": name, "words": word("breaker", "quiet"), "closed": None, "reason": ""}
    return {
        "name": name,
        "words": word("breaker", "down" if row.closed_at else "up"),
        "closed": view.moment(row.closed_at) if row.closed_at else None,
        "reason": parts.redact(row.reason or ""),
    }
