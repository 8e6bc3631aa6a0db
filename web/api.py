"""`/api` for programs: one delivery, lists of deliveries, replay, and checks. Guarded by tokens with roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from desk.crm.client import SYSTEM as WEBCRM
from store import browse, deliveries, ledger
from store.rows import ListedRow, StepRow
from web import escalation
from web.access import roles
from web.access.guard import program
from web.admin.actions import Actions
from web.agent.closing_check import checked
from web.parts import SOURCES, Parts, crms, own_address
from web.query_parameters import filter_of_query, number_of_query, storable


def blueprint(parts: Parts) -> Blueprint:
    """Make the routes under `/api`."""
    routes = Blueprint("api", __name__, url_prefix="/api")
    actions = Actions(parts.process.engine)

    @routes.get("/deliveries/<source>/<path:delivery_id>")
    def delivery(source: str, delivery_id: str) -> ResponseReturnValue:
        """Return one delivery, with its ledger."""
        with parts.process.engine.connect() as connection:
            row = deliveries.find(connection, storable(source), storable(delivery_id))
            if row is None:
                return _unknown()
            steps = ledger.of_delivery(connection, row.id)
        return jsonify(_summary(row, parts) | {"ledger": _steps(steps, parts)})

    @routes.get("/deliveries")
    def newest() -> ResponseReturnValue:
        """List the newest deliveries, filtered by state, source, case or q; `after` is the previous answer's `next`."""
        with parts.process.engine.connect() as connection:
            page = browse.page(connection, filter_of_query(), SOURCES, number_of_query("after"))
        return jsonify({"deliveries": [_summary(row, parts) for row in page.rows], "next": page.before})

    @routes.post("/deliveries/<source>/<path:delivery_id>/replay")
    def replay(source: str, delivery_id: str) -> ResponseReturnValue:
        """Run a delivery again; answer 409 when it is running or was never understood."""
        with parts.process.engine.connect() as connection:
            row = deliveries.find(connection, storable(source), storable(delivery_id))
        if row is None:
            return _unknown()
        if not actions.replay(row.id, program().actor):
            problem = "it is running, or it was never understood as an event"
            return jsonify({"error": {"problem": problem, "fix": "look at its state first"}}), 409
        return jsonify({"status": "waiting"}), 202

    if WEBCRM in crms(parts):
        routes.post("/closing-check")(_closing_check(parts))
        routes.post("/escalation-check")(escalation.route(parts))
    return routes


def _closing_check(parts: Parts) -> Callable[[], ResponseReturnValue]:
    def closing_check() -> ResponseReturnValue:
        """Return what a closing would break, given the body of a `ticket.closing`; no side effects."""
        event = parts.understand()
        if isinstance(event, Response):
            return event
        return jsonify(checked(event, parts))

    return closing_check


def described(parts: Parts) -> Blueprint:
    """Make `/openapi.json`, which says how to send events."""
    routes = Blueprint("described", __name__)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        """Return the OpenAPI document."""
        return jsonify({**parts.openapi(), "servers": [{"url": own_address(parts)}]})

    return routes


def _unknown() -> ResponseReturnValue:
    return jsonify({"error": {"problem": "no such delivery", "fix": "ask for <source>/<delivery id>"}}), 404


def _summary(row: ListedRow, parts: Parts) -> dict[str, object]:
    return {
        "id": row.id,
        "source": row.source,
        "delivery_id": row.delivery_id,
        "status": row.state,
        "reason": parts.redact(row.reason),
        "type": row.type,
        "case": row.case_id,
        "attempts": row.attempts,
        "received_at": _iso(row.received_at),
        "due_at": _iso(row.due_at),
        "finished_at": _iso(browse.ended_at(row)),
    }


def _steps(rows: Iterable[StepRow], parts: Parts) -> list[dict[str, object]]:
    mask = roles.mask(program().role, parts.redact)
    return [
        {
            "rule": row.rule,
            "verb": row.verb,
            "target": row.target,
            "mode": row.mode,
            "outcome": row.outcome,
            "before": mask(row.before),
            "after": mask(row.after),
            "reason": mask(row.reason),
            "at": _iso(row.done_at or row.begun_at),
        }
        for row in rows
    ]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
