"""`POST /webhooks/webcrm`: neutral CRM events, signed according to Standard Webhooks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Blueprint, Response, request
from pydantic import SecretStr

from events import TicketEvent
from receivers import body
from receivers.counters import Counters
from receivers.intake import Intake, Reading, refused
from receivers.refusal import Refusal
from receivers.signatures import STANDARD_HEADERS, check_standard_secrets, verify_standard
from receivers.webcrm_events import SOURCE, parse
from runtime.inbox import Inbox

_DELIVERY_ID = re.compile(r"[\w.-]{1,100}", re.ASCII)


def blueprint(secrets: Sequence[SecretStr], inbox: Inbox, counters: Counters) -> Blueprint:
    """Make the receiver of the CRM's events. Raises NoSecretError when there is no secret or a malformed one."""
    check_standard_secrets(secrets, "WEBCRM_WEBHOOK_SECRETS")
    intake = Intake(SOURCE, inbox, counters)
    routes = Blueprint("webcrm_webhooks", __name__)

    def verify(body: bytes) -> bool:
        return verify_standard(body, {name: request.headers.get(name, "") for name in STANDARD_HEADERS}, secrets)

    @routes.post("/webhooks/webcrm", strict_slashes=False)
    def receive() -> Response:
        """Take one event; answers like `intake.Intake.receive`."""
        return intake.receive(verify, _interpret)

    return routes


def understand() -> TicketEvent | Response:
    """Return the neutral event of the current request, whose sender the caller has verified, or the refusing answer."""
    try:
        parsed = parse(body.parse(body.read(request, lambda _content: True)))
        if parsed.event is None:
            raise Refusal(parsed.ignored or "not an event", "send the body of a ticket.closing", path="$.type")
    except Refusal as refusal:
        return refused(refusal)
    return parsed.event


def _interpret(document: dict[str, object], _content: bytes) -> Reading:
    return read(document, request.headers["webhook-id"], "the header webhook-id")


def read(document: dict[str, object], delivery_id: str, named: str = "id") -> Reading:
    """Read a body under this delivery id; raises Refusal. `named` tells the sender where the id was found."""
    if not _DELIVERY_ID.fullmatch(delivery_id):
        raise Refusal(f"{named} is not an id", "send 1 to 100 of the characters A-Z a-z 0-9 _ . -")
    parsed = parse(document)
    return Reading(
        delivery_id=delivery_id,
        case=parsed.case,
        type=parsed.type,
        event=parsed.event,
        ignored=parsed.ignored,
        warnings=parsed.warnings,
    )
