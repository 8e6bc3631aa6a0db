"""The bot's webhook in Jira: once under its name, changed in place (`/rest/webhooks/1.0`, which only admins may).

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
    """A webhook as it should stand in Jira."""

    url: str
    events: frozenset[str]
    jql: str

    def body(self, secret: SecretStr) -> dict[str, Any]:
        """What Jira is told; the secret every time, for it cannot be read back and compared."""
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
    """A webhook as it stands in Jira."""

    id: int
    name: str
    url: str
    events: frozenset[str]
    jql: str
    enabled: bool
    signed: bool
    body_left_out: bool

    def drift(self, wanted: WantedWebhook) -> tuple[Drift, ...]:
        """In what it is not as it should be."""
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
    """All admin webhooks of a site, the oldest first. Raises Refused for who is no admin of Jira."""
    rows = site.examine("GET /webhooks", lambda client: client.get(_PATH))
    return sorted(map(_hook, rows), key=lambda hook: hook.id)


def ours(hooks: list[KnownWebhook], url: str | None = None) -> list[KnownWebhook]:
    """Those that are the bot's: of its name, or told to the very same door."""
    return [hook for hook in hooks if hook.name == NAME or (url is not None and hook.url == url)]


def apply(site: JiraSite, wanted: WantedWebhook, secret: SecretStr) -> Literal["created", "updated"]:
    """See to it that the webhook stands there once, as it should; what else is the bot's goes.

    Two who do this at the same time end with one: each keeps the oldest.
    """
    body, there = wanted.body(secret), ours(listed(site), wanted.url)
    if there:
        site.examine("PUT /webhooks", lambda client: client.put(f"{_PATH}/{there[0].id}", data=body))
    else:
        site.examine("POST /webhooks", lambda client: client.post(_PATH, data=body))
    _delete(site, ours(listed(site), wanted.url)[1:])
    return "updated" if there else "created"


def remove(site: JiraSite) -> int:
    """Take the bot's webhooks away; the count."""
    return _delete(site, ours(listed(site)))


def _delete(site: JiraSite, hooks: list[KnownWebhook]) -> int:
    for hook in hooks:
        try:
            site.examine("DELETE /webhooks", methodcaller("delete", f"{_PATH}/{hook.id}"))
        except Refused as refused:
            if refused.trouble.status != GONE:  # somebody else took it away
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
