"""`/health/live`, `/health/ready` and `/metrics`: open to all, so they say nothing that is secret."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from store import systems
from web.metrics import scraped
from web.parts import Parts


def blueprint(parts: Parts) -> Blueprint:
    """The routes that machines ask again and again."""
    routes = Blueprint("health", __name__)
    registry = scraped(parts)

    @routes.get("/health/live")
    def live() -> ResponseReturnValue:
        """This process answers."""
        return jsonify({"status": "live"})

    @routes.get("/health/ready")
    def ready() -> ResponseReturnValue:
        """Events can be taken: the database answers and the configuration is loaded.

        A system that is down is named and changes nothing: events wait for it.
        """
        try:
            names = _systems(parts)
        except SQLAlchemyError as error:
            reason = f"the database does not answer ({type(error).__name__})"
            return jsonify({"status": "not ready", "reason": reason}), 503
        return jsonify({"status": "ready", "config": parts.process.watch.current().version, "systems": names})

    @routes.get("/metrics")
    def metrics() -> Response:
        """For Prometheus."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


def _systems(parts: Parts) -> dict[str, Any]:
    with parts.process.engine.connect() as connection:
        rows = systems.gates(connection)
    return {
        row.name: f"down since {row.closed_at.isoformat(timespec='seconds')}: {parts.redact(row.reason or '')}"
        if row.closed_at
        else "up"
        for row in rows
    }
