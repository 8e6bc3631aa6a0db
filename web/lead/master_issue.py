"""Looks up the master issue of a mass failure in Jira when a lead opens the failure (R-24)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from config import Config
from desk.circuit_breaker import Refused
from desk.faults import ActionFault
from desk.jira.client import JiraSite
from events import ISSUE_KEY
from web.parts import Parts
from web.query_parameters import storable

_LINK = re.compile(rf"https?://\S+/({ISSUE_KEY.strip('^$')})(?:[/?#]\S*)?", re.IGNORECASE)
_NOT_FOUND = 404
LONGEST = 255  # characters of a summary


@dataclass(frozen=True)
class MasterIssue:
    """An issue as it was typed and as Jira shows it.

    `fault`: what is wrong with it, by its name in `incident_faults` of `words.yml`. Without a fault, `summary` is None
    if Jira did not answer: a failure can be opened nevertheless.
    """

    key: str
    summary: str | None = None
    fault: str | None = None


def look_up(parts: Parts, typed: str) -> MasterIssue:
    """Look up an issue in Jira by its key or by a link to it."""
    config, text = parts.process.effective_config.current(), storable(typed).strip()
    link = _LINK.fullmatch(text)
    key = (link[1] if link else text).upper()
    project = key.split("-", maxsplit=1)[0]
    if not re.fullmatch(ISSUE_KEY, key) or project not in config.jira.projects:
        return MasterIssue(text, fault="issue_key")
    if link and not _is_here(text, project, config):
        return MasterIssue(text, fault="issue_site")
    return _seen(parts.process.factory.looked_at(config, config.jira.projects[project].site), key, project)


def _is_here(link: str, project: str, config: Config) -> bool:
    site = config.jira.sites[config.jira.projects[project].site]
    return urlsplit(link).netloc.casefold() == urlsplit(str(site.url)).netloc.casefold()


def _seen(site: JiraSite, key: str, project: str) -> MasterIssue:
    try:
        found = site.issue(key, ["summary"])
    except Refused as refused:
        absent = refused.trouble.status == _NOT_FOUND and _sees(site, project)
        return MasterIssue(key, fault="issue_absent" if absent else "issue_unseen")
    except ActionFault:
        return MasterIssue(key)
    return MasterIssue(found.key, str(found.fields.get("summary") or "")[:LONGEST])


def _sees(site: JiraSite, project: str) -> bool:
    try:
        site.see_project(project)
    except ActionFault:
        return False
    return True
