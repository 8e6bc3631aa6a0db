"""Reads a body that did not come by a webhook call the way its receiver would."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from config import Config
from receivers import jira, jira_events, webcrm_events
from receivers.refusal import Refusal
from runtime.dry_run import Understood


def understand(document: dict[str, object], config: Config, crms: Collection[str]) -> Understood:
    """Read a Jira webhook, or a neutral CRM event if WebCRM is among the `crms` that are set up; raises Refusal."""
    if "webhookEvent" in document:
        of_jira = jira_events.parse(document, jira.places(config), datetime.now(UTC))
        return Understood(of_jira.type, of_jira.case, of_jira.event, of_jira.ignored)
    if webcrm_events.SOURCE not in crms:
        raise Refusal("WebCRM is not set up here", "send a Jira webhook, or set WEBCRM_URL", path="$.webhookEvent")
    of_crm = webcrm_events.parse(document)
    return Understood(of_crm.type, of_crm.case, of_crm.event, of_crm.ignored, of_crm.warnings)
