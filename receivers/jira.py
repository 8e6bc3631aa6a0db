"""`POST /webhooks/jira`: Jira Cloud's own webhooks, signed with the secret that an admin gave them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from pydantic import SecretStr

from config import Config, Watch
from receivers.counters import Counters
from receivers.fields import host
from receivers.intake import Intake, Reading
from receivers.jira_events import Places, parse
from receivers.signatures import check_hub_secrets, verify_hub
from runtime.inbox import Inbox

_IDENTIFIER = re.compile(r"[!-~]{1,100}")


def blueprint(secrets: Sequence[SecretStr], inbox: Inbox, watch: Watch, counters: Counters) -> Blueprint:
    """The receiver of Jira's webhooks. Raises NoSecretError when no secret could prove a sender."""
    check_hub_secrets(secrets, "JIRA_WEBHOOK_SECRETS")
    intake = Intake("jira", inbox, counters)
    routes = Blueprint("jira_webhooks", __name__)

    def verify(body: bytes) -> bool:
        return verify_hub(body, request.headers.get("X-Hub-Signature"), secrets)

    def interpret(document: dict[str, Any], content: bytes) -> Reading:
        return _interpret(document, content, places(watch.current()))

    @routes.post("/webhooks/jira", strict_slashes=False)
    def receive() -> Response:
        """Take one webhook call; answers as `intake.Intake.receive`."""
        return intake.receive(verify, interpret)

    return routes


def _interpret(document: dict[str, Any], content: bytes, places: Places) -> Reading:
    parsed = parse(document, places, datetime.now(UTC), request.args.get("site"))
    sha256 = hashlib.sha256(content).hexdigest()
    return Reading(
        delivery_id=_delivery_id(parsed.site, places, sha256),
        case=parsed.case,
        type=parsed.type,
        event=parsed.event,
        ignored=parsed.ignored,
        body_sha256=sha256,  # the identifier is not signed, the body is
    )


def _delivery_id(site: str, places: Places, sha256: str) -> str:
    """Jira's identifier, the same over its retries but unique within one site only; else the body's hash."""
    identifier = request.headers.get("X-Atlassian-Webhook-Identifier", "")
    if not _IDENTIFIER.fullmatch(identifier):
        return sha256
    if site == places.default_site:
        return identifier
    prefixed = f"{site}:{identifier}"
    return prefixed if _IDENTIFIER.fullmatch(prefixed) else sha256


def places(config: Config) -> Places:
    """The sites and projects that config names, as the parser wants them."""
    sites = config.jira.sites
    return Places(
        default_site=next(iter(sites)),
        hosts={name: host(site.url) or "" for name, site in sites.items()},
        projects={key: project.site for key, project in config.jira.projects.items()},
    )
