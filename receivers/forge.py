"""`POST /webhooks/forge`: Jira's events from the Forge app; `GET /forge/panel`: the card for its panel in an issue.

Both are authenticated by Forge's invocation token alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flask import Blueprint, Response, g, jsonify, request

from config import ConfigReloader
from receivers.automation import LOOKED_UP, Look
from receivers.counters import Counters
from receivers.fields import issue_id
from receivers.forge_events import ToldByForge, understand
from receivers.forge_token import ForgeVerifier, Invocation
from receivers.intake import Intake, Reading, refused
from receivers.jira import mark_of, places
from receivers.jira_events import ParsedJira, parse
from receivers.refusal import Refusal
from runtime.inbox import Inbox

SOURCE = "forge"
PANEL = "forge_panel"
OWN = "the bot's own event"

Show = Callable[[str, str], Mapping[str, object]]
"""The card of an issue, by its site and id, as the panel shows it."""


@dataclass(frozen=True)
class ForgeDoor:
    """What the app's routes need: the verifier of tokens, the search in Jira, and the maker of the panel's card."""

    verifier: ForgeVerifier
    look: Look
    show: Show

    @property
    def invocation(self) -> Invocation:
        """The verified sender of the current request; raises what `ForgeVerifier.verify` does."""
        given = request.authorization
        return self.verifier.verify(given.token or "" if given is not None and given.type == "bearer" else "")


def blueprint(door: ForgeDoor, inbox: Inbox, reloader: ConfigReloader, counters: Counters) -> Blueprint:
    """Make the routes of the Forge app."""
    intake = Intake(SOURCE, inbox, counters)
    routes = Blueprint("forge_webhooks", __name__)

    def verify(_body: bytes) -> bool:
        g.invocation = door.invocation
        return True

    def interpret(document: dict[str, object], content: bytes) -> Reading:
        invocation: Invocation = g.invocation
        told = understand(document)
        parsed = parse(told.body, places(reloader.current()), datetime.now(UTC), invocation.site)
        if parsed.event is None or told.is_whole:
            return _reading(parsed, told, content)
        door.look(parsed.site)
        return replace(_reading(parsed, told, content), event=None, ignored=LOOKED_UP, body_sha256=None)

    @routes.post("/webhooks/forge", strict_slashes=False)
    def receive() -> Response:
        """Take one event; answers like `intake.Intake.receive`, and 503 while Forge's keys cannot be fetched."""
        return intake.receive(verify, interpret)

    @routes.get("/forge/panel")
    def panel() -> Response:
        """Answer 200 with the card of the token's issue; 400 for a token without an issue, 401 and 503 as above."""
        try:
            invocation = door.invocation
            issue = issue_id(invocation.issue)
            if issue is None:
                raise Refusal("the token is of no issue", "ask from the panel of an issue", path="$.context.extension")
        except Refusal as refusal:
            counters.count(PANEL, refusal.outcome)
            return refused(refusal)
        counters.count(PANEL, "accepted")
        return jsonify(door.show(invocation.site, issue))

    return routes


def _reading(parsed: ParsedJira, told: ToldByForge, content: bytes) -> Reading:
    sha256 = hashlib.sha256(f"{parsed.site} ".encode() + content).hexdigest()
    own = told.by_itself and parsed.event is not None
    return Reading(
        delivery_id=sha256,
        case=parsed.case,
        type=parsed.type,
        event=None if own else parsed.event,
        ignored=OWN if own else parsed.ignored,
        body_sha256=mark_of(parsed, told.body) or sha256,
    )
