"""`POST /webhooks/jira-automation`: rules of Jira Automation with the action «Send web request».

Such a rule cannot sign a body, so it sends a token in a hidden header. An event whose body is incomplete is not taken
from the call: the bot looks it up in Jira and files it as if a webhook had reported it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from pydantic import SecretStr

from config import ConfigReloader
from receivers.automation_events import ToldByRule, understand
from receivers.counters import Counters
from receivers.intake import Intake, Reading
from receivers.jira import mark_of, places
from receivers.jira_events import ParsedJira, parse
from receivers.refusal import BadSignature
from receivers.signatures import check_plain_secrets, same_secret
from runtime.inbox import Inbox

SOURCE = "automation"
LOOKED_UP = "the bot looks into Jira for what changed"

Look = Callable[[str], None]
"""Have a site looked through soon for what changed there; database errors are raised."""


def blueprint(
    tokens: Sequence[SecretStr], inbox: Inbox, reloader: ConfigReloader, counters: Counters, look: Look
) -> Blueprint:
    """Make the receiver of Automation's calls. Raises NoSecretError when there is no token or one is blank."""
    check_plain_secrets(tokens, "JIRA_AUTOMATION_TOKENS: no token is set, or one is empty; set a long random string")
    intake = Intake(SOURCE, inbox, counters)
    routes = Blueprint("jira_automation_webhooks", __name__)

    def verify(_body: bytes) -> bool:
        if not same_secret(_token(), tokens):
            fix = "send the header Authorization: Bearer and one of JIRA_AUTOMATION_TOKENS"
            raise BadSignature("the token is missing or wrong", fix)
        return True

    def interpret(document: dict[str, object], content: bytes) -> Reading:
        told = understand(document, request.args.get("event"))
        parsed = parse(told.body, places(reloader.current()), datetime.now(UTC), request.args.get("site"))
        if parsed.event is None or told.is_whole:
            return _reading(parsed, told, content)
        look(parsed.site)  # before the answer, so that the event is not lost
        return replace(_reading(parsed, told, content), event=None, ignored=LOOKED_UP, body_sha256=None)

    @routes.post("/webhooks/jira-automation", strict_slashes=False)
    def receive() -> Response:
        """Take one call of a rule; answers like `intake.Intake.receive`."""
        return intake.receive(verify, interpret)

    return routes


def _reading(parsed: ParsedJira, told: ToldByRule, content: bytes) -> Reading:
    """Build the reading of a call; the same event is recognised whichever way it came in before."""
    sha256 = hashlib.sha256(f"{parsed.site} {told.event} ".encode() + content).hexdigest()
    return Reading(
        delivery_id=sha256,
        case=parsed.case,
        type=parsed.type,
        event=parsed.event,
        ignored=parsed.ignored,
        body_sha256=mark_of(parsed, told.body) or sha256,
    )


def _token() -> str:
    given = request.authorization
    return given.token or "" if given is not None and given.type == "bearer" else ""
