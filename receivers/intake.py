"""The steps of every webhook call: read, verify, parse, redact, hand to the inbox, answer, count, log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import sqlalchemy as sa
import structlog
from flask import Response, jsonify, request

from events import Event
from receivers import body
from receivers.body import Verify
from receivers.counters import Counters, Outcome
from receivers.redaction import redact
from receivers.refusal import Refusal
from runtime.inbox import Arrival, Inbox

_log = structlog.get_logger("receivers")
_UNAVAILABLE = 503


@dataclass(frozen=True)
class Reading:
    """What a receiver understood of a verified body; where `event` is None, `ignored` is the reason."""

    delivery_id: str
    case: str
    type: str
    event: Event | None
    ignored: str | None = None
    body_sha256: str | None = None
    warnings: tuple[str, ...] = ()


Interpret = Callable[[dict[str, object], bytes], Reading]
Parse = Callable[[bytes], dict[str, object]]


def arrival_of(source: str, document: dict[str, object], reading: Reading) -> Arrival:
    """Return what the inbox keeps of a call, with the redacted body as JSON."""
    return Arrival(
        source=source,
        delivery_id=reading.delivery_id,
        case=reading.case,
        type=reading.type,
        body=json.dumps(redact(document), ensure_ascii=False, separators=(",", ":")).encode(),
        event=reading.event,
        ignored=reading.ignored,
        body_sha256=reading.body_sha256,
    )


@dataclass(frozen=True)
class _Line:
    """The log line of a call; it holds only what was verified."""

    outcome: Outcome
    delivery: str | None = None
    type: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Intake:
    """Takes the calls of one source; `receive` answers the current Flask request."""

    source: str
    inbox: Inbox
    counters: Counters

    def receive(self, verify: Verify, interpret: Interpret, parse: Parse = body.parse) -> Response:
        """Answer 202: kept, known already, or ignored; 400, 401, 413: refused; 503: not kept, to be sent again.

        Where the sender's secret is inside the body, `interpret` checks it first and raises BadSignature.
        """
        started = perf_counter()
        try:
            content = body.read(request, verify)
            document = parse(content)
            reading = interpret(document, content)
            response, line = self._keep(document, reading)
        except Refusal as refusal:
            response, line = _refuse(refusal)
        except sa.exc.SQLAlchemyError as error:  # interpreting a body may need the store too
            response, line = _unavailable(), _Line("unavailable", reason=type(error).__name__)
        self.counters.count(self.source, line.outcome)
        _log.info(
            "webhook.received",
            source=self.source,
            delivery=line.delivery,
            type=line.type,
            outcome=line.outcome,
            reason=line.reason,
            ms=round((perf_counter() - started) * 1000, 1),
        )
        return response

    def _keep(self, document: dict[str, object], reading: Reading) -> tuple[Response, _Line]:
        arrival = arrival_of(self.source, document, reading)
        line = _Line("accepted", reading.delivery_id, reading.type, reading.ignored)
        try:
            new = self.inbox.accept(arrival)
        except Exception as error:
            # The text of a database error may quote the body, so only its class is logged.
            return _unavailable(), replace(line, outcome="unavailable", reason=type(error).__name__)
        outcome: Outcome = "duplicate" if not new else "ignored" if reading.event is None else "accepted"
        return _answer(outcome, reading.warnings), replace(line, outcome=outcome)


def _answer(outcome: Outcome, warnings: tuple[str, ...]) -> Response:
    body = {"status": outcome} | ({"warnings": warnings} if warnings else {})
    return Response(json.dumps(body, ensure_ascii=False), 202, mimetype="application/json")


def _refuse(refusal: Refusal) -> tuple[Response, _Line]:
    return refused(refusal), _Line(refusal.outcome, reason=refusal.problem)


def refused(refusal: Refusal) -> Response:
    """Return the answer that says what is wrong and what to send instead."""
    fault = {"path": refusal.path, "problem": refusal.problem, "fix": refusal.fix, "count": refusal.count}
    response = jsonify({"error": {key: value for key, value in fault.items() if value is not None}})
    response.status_code = refusal.status
    if refusal.status == _UNAVAILABLE:
        response.headers["Retry-After"] = "30"
    return response


def _unavailable() -> Response:
    """Return a 503, on which the sender repeats the call, so nothing is lost."""
    response = jsonify({"error": {"problem": "the store is not available", "fix": "send it again later"}})
    response.status_code = _UNAVAILABLE
    response.headers["Retry-After"] = "30"
    return response
