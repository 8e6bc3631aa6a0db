"""The whole configuration as one value that never changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from pydantic import ValidationError

from config.access import Access
from config.alerts import AlertsConfig
from config.answers import Answers
from config.calendar import Calendars
from config.cases import Cases
from config.categories import Categories
from config.departments import Departments
from config.duplicates import Duplicates
from config.escalation import EscalationConfig
from config.expand import MalformedError, UnsetError, expand_text
from config.faults import ConfigError, Fault, message
from config.fields import Strict
from config.holds import Holds
from config.incidents import Incident
from config.jira import JiraConfig
from config.people import People
from config.phrases import Judging
from config.reports import Reports
from config.resolutions import Resolutions
from config.rules import Mode, Rules
from config.running import RuntimeConfig
from config.usedesk import UsedeskConfig
from config.webcrm import WebCrmConfig

_VERSION = 16  # hex digits: enough that two versions of one folder never meet


class References(Strict):
    """Where the secrets come from: `${NAME}` by site, for the alerts, and by place for
    departments, their lead and digests."""

    tokens: dict[str, str]
    urls: tuple[str, ...]
    addresses: dict[str, str]


class Config(Strict):
    """All tables, checked against each other."""

    jira: JiraConfig
    categories: Categories
    holds: Holds
    answers: Answers
    phrases: Judging = Judging()
    escalation: EscalationConfig = EscalationConfig()
    duplicates: Duplicates = Duplicates()
    calendar: Calendars
    departments: Departments
    cases: Cases = Cases()
    usedesk: UsedeskConfig
    rules: Rules
    runtime: RuntimeConfig
    alerts: AlertsConfig
    reports: Reports = Reports()
    resolutions: Resolutions = Resolutions()
    webcrm: WebCrmConfig = WebCrmConfig()
    access: Access = Access()
    people: People = People()
    incidents: tuple[Incident, ...] = ()  # of the store, no table
    references: References

    @cached_property
    def version(self) -> str:
        """Name this content: the same content has the same version; comments and secrets do not count."""
        return hashlib.sha256(self.dump().encode()).hexdigest()[:_VERSION]

    def switched(self, modes: Mapping[str, Mode]) -> Config:
        """The same with rules switched to other modes; a rule that is not built, or not known, stays as it is."""
        return self._with(rules=self.rules.switched(modes))

    def during(self, incidents: tuple[Incident, ...]) -> Config:
        """The same while these mass failures are open (R-24)."""
        return self._with(incidents=incidents)

    def at(self, now: datetime) -> Config:
        """The same as it stands at a moment: a rule whose `effective_from` lies ahead is off."""
        return self._with(rules=self.rules.on(self.calendar.day_of(now)))

    def _with(self, **given: object) -> Config:
        if all(getattr(self, name) is value for name, value in given.items()):
            return self
        changed = self.model_copy(update=given)
        changed.__dict__.pop("version", None)  # a copy takes along what was computed
        return changed

    def dump(self) -> str:
        """Write the content as canonical JSON; in place of each secret stands its `${NAME}`.

        Who may sign in and what agents are called is no part of it: no delivery depends on that, and it names people.
        """
        data = self.model_dump(mode="json", exclude={"references", "access", "people"})
        for name, reference in self.references.tokens.items():
            data["jira"]["sites"][name]["token"] = reference
        data["alerts"]["urls"] = list(self.references.urls)
        for table, key, place in _addresses(data):
            table[key] = self.references.addresses.get(place)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def restore(cls, text: str, env: Mapping[str, str] | None = None) -> Self:
        """Read back what `dump` wrote; secrets come from the environment (`os.environ` unless given).

        Raises ConfigError when a secret is no longer set, or when the content no longer fits the models.
        """
        env = os.environ if env is None else env
        tables = json.loads(text)
        references = references_in(tables)
        for name, reference in references.tokens.items():
            tables["jira"]["sites"][name]["token"] = _secret(reference, env)
        tables["alerts"]["urls"] = [_secret(reference, env) for reference in references.urls]
        for table, key, place in _addresses(tables):
            table[key] = _secret(references.addresses.get(place, ""), env)
        try:
            return cls.model_validate({**tables, "references": references})
        except ValidationError as error:
            raise ConfigError([Fault("dump", None, "", message("dump", {"said": str(error)}))]) from None


def references_in(written: Mapping[str, Any]) -> References:
    """Collect the `${NAME}` of the secrets from tables as they are written."""
    urls = written["alerts"].get("urls") or []
    tokens = {name: site["token"] for name, site in written["jira"]["sites"].items()}
    addresses = {place: table[key] for table, key, place in _addresses(written) if table.get(key)}
    return References(tokens=tokens, urls=tuple([urls] if isinstance(urls, str) else urls), addresses=addresses)


def _addresses(tables: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Go through the places of addresses in three of the tables: table, key, one name for both."""
    departments = tables.get("departments", {})
    yield departments, "lead", "lead"
    for owner, row in departments.get("departments", {}).items():
        for key in ("chat", "head"):
            yield row, key, f"{owner}.{key}"
    chats = (tables.get("cases") or {}).get("chats") or {}
    for name in chats:
        yield chats, name, f"case:{name}"
    for name, row in (tables.get("reports", {}).get("digests") or {}).items():
        yield row, "to", f"digest:{name}"


def _secret(reference: str, env: Mapping[str, str]) -> str:
    try:
        return expand_text(reference, env)
    except UnsetError as error:
        raise ConfigError([Fault("env", None, error.name, message("unset_secret", {"name": error.name}))]) from None
    except MalformedError:
        raise ConfigError([Fault("dump", None, "", message("reference"))]) from None
