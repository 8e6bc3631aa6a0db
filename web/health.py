"""`/health/live`, `/health/ready` and `/metrics`, for machines; they reveal no secrets."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from desk.clock import machine_now
from runtime.clock import SILENT
from store import switches, systems
from store.probe import WriteProbe
from store.rows import SystemRow
from web.access import tokens
from web.breakers import breakers
from web.metrics import scraped
from web.parts import Parts


def blueprint(parts: Parts) -> Blueprint:
    """Make the routes that machines poll."""
    routes = Blueprint("health", __name__)
    registry = scraped(parts)
    probe = WriteProbe(parts.process.settings.database_url)

    @routes.get("/health/live")
    def live() -> ResponseReturnValue:
        """Answer that this process is alive."""
        return jsonify({"status": "live"})

    @routes.get("/health/ready")
    def ready() -> ResponseReturnValue:
        """Answer whether events can be taken: the database answers and can be written to.

        A system that is down is named but does not change the answer: events wait for it.
        """
        try:
            told = _status(parts)
        except SQLAlchemyError as error:
            reason = f"the database does not answer ({type(error).__name__})"
            return jsonify({"status": "not ready", "reason": reason}), 503
        try:
            probe.check()
        except SQLAlchemyError as error:
            reason = f"nothing can be written: {_name_of(error)}"
            return jsonify({"status": "not ready", "reason": reason}), 503
        if not tokens.watches(parts):
            return jsonify({"status": "ready"})
        return jsonify({"status": "ready", "config": parts.process.reloader.current().version, **told})

    @routes.get("/metrics")
    def metrics() -> Response:
        """Return the metrics for Prometheus."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


def _status(parts: Parts) -> dict[str, object]:
    """Return what is reported but does not change the answer: systems, a pause, the clock and workers."""
    now = machine_now()
    lease = parts.process.reloader.current().runtime.worker_lease
    with parts.process.engine.connect() as connection:
        known = breakers(connection, parts)
        paused = switches.paused(connection)
        clocks = [row.seen_at for row in systems.clocks_known(connection)]
        workers = sum(now - row.seen_at <= lease for row in systems.workers_known(connection))
    if any(now - seen <= SILENT for seen in clocks):
        clock = "alive"
    else:
        clock = f"silent since {max(clocks).isoformat(timespec='seconds')}" if clocks else "never seen"
    return {
        "systems": {name: _word(parts, row) for name, row in known.items()},
        "effects": f"paused since {paused.closed_at.isoformat(timespec='seconds')}" if paused else "on",
        "clock": clock,
        "workers": workers,
    }


def _name_of(error: SQLAlchemyError) -> str:
    """Return the database's name of an error, such as SQLITE_BUSY or DiskFull; its message may contain addresses."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlite_errorname", type(cause).__name__))


def _word(parts: Parts, row: SystemRow | None) -> str:
    if row is None or not row.closed_at:
        return "up"
    return f"down since {row.closed_at.isoformat(timespec='seconds')}: {parts.redact(row.reason or '')}"
