"""The whole configuration as one immutable value."""

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

_VERSION = 16  # hex digits: enough that two versions of one folder never collide


class References(Strict):
    """The `${NAME}` references of the secrets: tokens by site, alert URLs, and all other addresses by place."""

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
    incidents: tuple[Incident, ...] = ()  # from the store; there is no table of them
    references: References

    @cached_property
    def version(self) -> str:
        """A hash of the content, without comments and secrets."""
        return hashlib.sha256(self.dump().encode()).hexdigest()[:_VERSION]

    def switched(self, modes: Mapping[str, Mode]) -> Config:
        """Return a copy with these rules' modes changed; rules that are not built, or unknown, are skipped."""
        return self._with(rules=self.rules.switched(modes))

    def during(self, incidents: tuple[Incident, ...]) -> Config:
        """Return a copy in which these mass failures are open (R-24)."""
        return self._with(incidents=incidents)

    def at(self, now: datetime) -> Config:
        """Return the configuration as of a moment: a rule whose `effective_from` is later is off."""
        return self._with(rules=self.rules.on(self.calendar.day_of(now)))

    def _with(self, **given: object) -> Config:
        if all(getattr(self, name) is value for name, value in given.items()):
            return self
        changed = self.model_copy(update=given)
        changed.__dict__.pop("version", None)  # the copy has the cached value of the original
        return changed

    def dump(self) -> str:
        """Write the content as canonical JSON, with `${NAME}` in place of each secret.

        Leaves out `access` and `people`: they name people, and no delivery depends on them.
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
        """Read back what `dump` wrote; secrets come from `env` (by default `os.environ`).

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
    """Collect the `${NAME}` references of the secrets from the tables as written."""
    urls = written["alerts"].get("urls") or []
    tokens = {name: site["token"] for name, site in written["jira"]["sites"].items()}
    addresses = {place: table[key] for table, key, place in _addresses(written) if table.get(key)}
    return References(tokens=tokens, urls=tuple([urls] if isinstance(urls, str) else urls), addresses=addresses)


def _addresses(tables: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield every place of a secret address in three tables: its mapping, its key, and a name for the place."""
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
