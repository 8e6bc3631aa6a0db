"""`POST /api/escalation-check`: tells programs where a customer's chat should go."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from events import TicketEvent
from handlers.escalation import check_escalation
from handlers.escalation.words import worded
from web.parts import Parts


def route(parts: Parts) -> Callable[[], ResponseReturnValue]:
    """Return the view function of the route."""

    def escalation_check() -> ResponseReturnValue:
        """Return where the chat of a `ticket.message` should go; no side effects."""
        event = parts.understand()
        return event if isinstance(event, Response) else jsonify(_answer(event, parts))

    return escalation_check


def _answer(event: TicketEvent, parts: Parts) -> dict[str, object]:
    process = parts.process
    config = process.effective_config.current().at(process.clock.now())
    verdict = check_escalation(event, config)
    said = worded(event, verdict, config, process.factory.templates.note)
    return {
        "decision": verdict.decision,
        "line": said.line,
        "reason": said.line,
        "rule": verdict.rule,
        "quote": said.quote,
        "sure": verdict.sure,
        "topic": said.topic,
        "texts": list(said.texts),
        "missing": list(verdict.missing),
        "alternatives": [{"line": one.line, "reason": one.line} | vars(one) for one in said.alternatives],
        "resolution": said.resolution,
        "category": said.category,
        "comment": said.comment,
    }
