"""Which webhook the bot needs in each site of Jira: the events and projects of its rules that are not off."""

from __future__ import annotations

import inspect
import re

from config import Config
from desk.jira.webhooks import WantedWebhook
from events.issues import JIRA_EVENTS
from handlers import PROCEDURES, Procedure

DOOR = "/webhooks/jira"
_RULE = r"[A-Z]-\d{2}"
_NAMED = re.compile(rf"({_RULE})(?:…({_RULE}))?")  # in a procedure's docstring: `W-33`, or `W-33…W-51`


def wanted(config: Config, site: str, base: str) -> WantedWebhook:
    """The webhook of a site; `base` is the address under which the bot is seen from outside."""
    projects = sorted(key for key, project in config.jira.projects.items() if project.site == site)
    several = len(config.jira.sites) > 1  # links do not tell which site they are of
    return WantedWebhook(
        url=f"{base.rstrip('/')}{DOOR}" + (f"?site={site}" if several else ""),
        events=frozenset(name for name, ours in JIRA_EVENTS.items() if _is_needed(config, ours)),
        jql=f"project in ({', '.join(projects)})",
    )


def _is_needed(config: Config, event: str) -> bool:
    return any(_is_on(config, procedure) for procedure in PROCEDURES.get(event, ()))


def _is_on(config: Config, procedure: Procedure) -> bool:
    """A procedure with a rule that is not off, or with none: it keeps the others right."""
    rules = _rules(config, procedure)
    return not rules or any(config.rules.mode(rule) != "off" for rule in rules)


def _rules(config: Config, procedure: Procedure) -> list[str]:
    spans = [(first, last or first) for first, last in _NAMED.findall(inspect.getdoc(procedure) or "")]
    return [rule for rule in config.rules.rules if any(first <= rule <= last for first, last in spans)]
