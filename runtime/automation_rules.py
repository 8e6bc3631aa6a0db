"""The Jira Automation rules that send events to the bot, with its address filled in, for an admin to copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import yaml

from config import Config

DOOR = "/webhooks/jira-automation"


@dataclass(frozen=True)
class AutomationRule:
    """One rule of a site. `body` None means Jira's own choice «Issue data (Jira format)»."""

    site: str
    trigger: str
    url: str
    body: str | None


def rules(config: Config, base: str) -> list[AutomationRule]:
    """Return the rules of every site; `base` is the bot's public address."""
    return [rule for site in config.jira.sites for rule in _of_site(site, base, several=len(config.jira.sites) > 1)]


def _of_site(site: str, base: str, *, several: bool) -> Iterable[AutomationRule]:
    for one in _wanted():
        query = {"event": one["event"]} | ({"site": site} if several else {})
        yield AutomationRule(site, str(one["trigger"]), f"{base.rstrip('/')}{DOOR}?{urlencode(query)}", one["body"])


@cache
def _wanted() -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = yaml.safe_load(
        Path(__file__).with_name("automation_rules.yml").read_text(encoding="utf-8")
    )
    return found
