"""`POST /webhooks/jira`: Jira Cloud's own webhooks, signed with the webhook's secret."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from pydantic import SecretStr

from config import Config, ConfigReloader
from events import CommentEvent, IssueEvent, IssueLinkEvent
from receivers.counters import Counters
from receivers.fields import host, issue_id, part
from receivers.intake import Intake, Reading
from receivers.jira_events import JiraPlaces, ParsedJira, parse
from receivers.signatures import check_hub_secrets, verify_hub
from runtime.inbox import Inbox

_IDENTIFIER = re.compile(r"[!-~]{1,100}")


def blueprint(secrets: Sequence[SecretStr], inbox: Inbox, reloader: ConfigReloader, counters: Counters) -> Blueprint:
    """Make the receiver of Jira's webhooks. Raises NoSecretError when there is no secret or one is blank."""
    check_hub_secrets(secrets, "JIRA_WEBHOOK_SECRETS")
    intake = Intake("jira", inbox, counters)
    routes = Blueprint("jira_webhooks", __name__)

    def verify(body: bytes) -> bool:
        return verify_hub(body, request.headers.get("X-Hub-Signature"), secrets)

    def interpret(document: dict[str, object], content: bytes) -> Reading:
        return _interpret(document, content, places(reloader.current()))

    @routes.post("/webhooks/jira", strict_slashes=False)
    def receive() -> Response:
        """Take one webhook call; answers like `intake.Intake.receive`."""
        return intake.receive(verify, interpret)

    return routes


def _interpret(document: dict[str, object], content: bytes, places: JiraPlaces) -> Reading:
    parsed = parse(document, places, datetime.now(UTC), request.args.get("site"))
    sha256 = hashlib.sha256(content).hexdigest()
    return Reading(
        delivery_id=_delivery_id(parsed.site, places, sha256),
        case=parsed.case,
        type=parsed.type,
        event=parsed.event,
        ignored=parsed.ignored,
        body_sha256=mark_of(parsed, document) or sha256,  # the identifier is not signed, the body is
    )


def mark_of(parsed: ParsedJira, document: Mapping[str, object]) -> str | None:
    """Return a hash that identifies an event, by whichever webhook or search it comes in.

    None for an event without a number of its own in Jira; its body is then compared byte by byte.
    """
    event = parsed.event
    if isinstance(event, CommentEvent):
        number = event.comment_id if event.type != "comment.updated" else None
    elif isinstance(event, IssueLinkEvent):
        number = issue_id(part(document, "issueLink").get("id"))
    elif isinstance(event, IssueEvent) and event.type != "issue.updated":
        number = event.issue.id
    else:
        number = issue_id(part(document, "changelog").get("id"))
    if event is None or number is None:
        return None
    return hashlib.sha256(f"{parsed.site} {event.type} {number}".encode()).hexdigest()


def _delivery_id(site: str, places: JiraPlaces, sha256: str) -> str:
    """Return Jira's identifier, which is the same for retries but unique only within a site; else the body's hash."""
    identifier = request.headers.get("X-Atlassian-Webhook-Identifier", "")
    if not _IDENTIFIER.fullmatch(identifier):
        return sha256
    if site == places.default_site:
        return identifier
    prefixed = f"{site}:{identifier}"
    return prefixed if _IDENTIFIER.fullmatch(prefixed) else sha256


def places(config: Config) -> JiraPlaces:
    """Return the configured sites and projects in the form that the parser needs."""
    sites = config.jira.sites
    return JiraPlaces(
        default_site=next(iter(sites)),
        hosts={name: host(site.url) or "" for name, site in sites.items()},
        projects={key: project.site for key, project in config.jira.projects.items()},
    )
