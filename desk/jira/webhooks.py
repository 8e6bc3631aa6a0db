"""The bot's webhook in Jira: one under its name, updated in place (`/rest/webhooks/1.0`, for Jira admins only).

https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import methodcaller
from typing import Any, Literal

from pydantic import SecretStr

from desk.circuit_breaker import Refused
from desk.jira.client import JiraSite

NAME = "Смежник"
SECTION = "issue-related-events-section"
GONE = 404
_PATH = "rest/webhooks/1.0/webhook"
Drift = Literal["url", "events", "jql", "disabled", "unsigned", "body_left_out"]


@dataclass(frozen=True)
class WantedWebhook:
    """A webhook as it should be in Jira."""

    url: str
    events: frozenset[str]
    jql: str

    def body(self, secret: SecretStr) -> dict[str, Any]:
        """Return the request body; it always has the secret, which Jira does not return for comparison."""
        return {
            "name": NAME,
            "url": self.url,
            "events": sorted(self.events),
            "filters": {SECTION: self.jql},
            "excludeBody": False,
            "enabled": True,
            "secret": secret.get_secret_value(),
        }


@dataclass(frozen=True)
class KnownWebhook:
    """A webhook as it is in Jira."""

    id: int
    name: str
    url: str
    events: frozenset[str]
    jql: str
    enabled: bool
    signed: bool
    body_left_out: bool

    def drift(self, wanted: WantedWebhook) -> tuple[Drift, ...]:
        """Return the ways in which the webhook differs from what it should be."""
        wrong: dict[Drift, bool] = {
            "url": self.url != wanted.url,
            "events": self.events != wanted.events,
            "jql": " ".join(self.jql.split()) != wanted.jql,
            "disabled": not self.enabled,
            "unsigned": not self.signed,
            "body_left_out": self.body_left_out,
        }
        return tuple(name for name, is_wrong in wrong.items() if is_wrong)


def listed(site: JiraSite) -> list[KnownWebhook]:
    """Return all admin webhooks of a site, oldest first. Raises `Refused` if the bot is not a Jira admin."""
    rows = site.examine("GET /webhooks", lambda client: client.get(_PATH))
    return sorted(map(_hook, rows), key=lambda hook: hook.id)


def ours(hooks: list[KnownWebhook], url: str | None = None) -> list[KnownWebhook]:
    """Return the bot's webhooks: those with its name or with exactly this URL."""
    return [hook for hook in hooks if hook.name == NAME or (url is not None and hook.url == url)]


def apply(site: JiraSite, wanted: WantedWebhook, secret: SecretStr) -> Literal["created", "updated"]:
    """Make sure that the webhook exists once, as it should be; delete the bot's other ones.

    Two concurrent calls end with one webhook: each keeps the oldest.
    """
    body, there = wanted.body(secret), ours(listed(site), wanted.url)
    if there:
        site.examine("PUT /webhooks", lambda client: client.put(f"{_PATH}/{there[0].id}", data=body))
    else:
        site.examine("POST /webhooks", lambda client: client.post(_PATH, data=body))
    _delete(site, ours(listed(site), wanted.url)[1:])
    return "updated" if there else "created"


def remove(site: JiraSite) -> int:
    """Delete the bot's webhooks; return how many."""
    return _delete(site, ours(listed(site)))


def _delete(site: JiraSite, hooks: list[KnownWebhook]) -> int:
    for hook in hooks:
        try:
            site.examine("DELETE /webhooks", methodcaller("delete", f"{_PATH}/{hook.id}"))
        except Refused as refused:
            if refused.trouble.status != GONE:  # if so, somebody else deleted it
                raise
    return len(hooks)


def _hook(row: Mapping[str, Any]) -> KnownWebhook:
    return KnownWebhook(
        id=int(str(row["self"]).rpartition("/")[2]),
        name=row["name"],
        url=row["url"],
        events=frozenset(row["events"]),
        jql=str((row.get("filters") or {}).get(SECTION) or ""),
        enabled=row.get("enabled", True),
        signed=row.get("isSigned", False),
        body_left_out=row.get("excludeBody", False),
    )
