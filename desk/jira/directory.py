"""What this process caches about Jira sites, and for how long: components, statuses, the bot's own accounts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.names import match_key
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.jira.client import JiraSite
from desk.jira.names import keys_of

FRESH_FOR = timedelta(seconds=30)  # a name missing from a list younger than this is missing in Jira
KNOWN_FOR = timedelta(minutes=10)  # Jira does not refuse renamed things, so lists are read again


# Fields whose values the configuration names, and how to list them.
LISTS: Mapping[str, Callable[[JiraSite, str], list[dict[str, Any]]]] = {
    "issuetype": lambda site, project: site.issue_types(project),
    "priority": lambda site, _project: site.priorities(),
    "linktype": lambda site, _project: site.link_types(),
}


@dataclass(frozen=True)
class _Known:
    ids: dict[str, str]
    at: datetime


class Directory:
    """Ids by name, per site and project; shared by the threads of a worker."""

    def __init__(self) -> None:
        self._components: dict[tuple[str, str], _Known] = {}
        self._accounts: dict[tuple[str, str], str] = {}
        self._statuses: dict[tuple[str, str], tuple[dict[str, Mapping[str, Any]], datetime]] = {}
        self._ids: dict[tuple[str, str, str], dict[str, str]] = {}
        self._lock = threading.Lock()

    def known_account(self, site: JiraSite) -> str | None:
        """Return the account that a site's client calls as, if it was asked before."""
        return self._accounts.get((site.name, site.user))

    def account(self, site: JiraSite) -> str:
        """Return the account that a site's client calls as; the first call asks Jira."""
        key = (site.name, site.user)
        if key not in self._accounts:
            self._accounts[key] = site.myself()
        return self._accounts[key]

    def components(
        self, site: JiraSite, project: str, names: Iterable[str], *, may_create: bool = False
    ) -> dict[str, str]:
        """Return the ids of the names that exist or could be created; an unknown name makes the list be read again."""
        wanted = list(names)
        ids = self._listed(site, project, wanted)
        for name in wanted:
            if name not in ids and may_create:
                created = self._create(site, project, name)
                ids |= {name: created} if created else {}
        return ids

    def status(self, site: JiraSite, project: str, number: str) -> Mapping[str, Any] | None:
        """Return a status by its id, with its category, in the language of the bot's account; `None` if unknown."""
        known, at = self._statuses.get((site.name, project), ({}, None))
        age = machine_now() - at if at else KNOWN_FOR
        if age >= KNOWN_FOR or (number not in known and age > FRESH_FOR):
            known = {str(row["id"]): row for row in site.statuses(project)}
            self._statuses[site.name, project] = (known, machine_now())
        return known.get(number)

    def named(self, site: JiraSite, project: str, field: str, name: str) -> dict[str, str]:
        """Return a configured value of a field in `LISTS` as Jira takes it: by id if known, otherwise by name."""
        number = name if name.isdecimal() else self._ids.get((site.name, project, field), {}).get(match_key(name))
        return {"id": number} if number else {"name": name}

    def named_anew(self, site: JiraSite, project: str, field: str, name: str) -> dict[str, str]:
        """Do the same after Jira refused the value, with Jira's current list."""
        rows = LISTS[field](site, project)
        self._ids[site.name, project, field] = {key: str(row["id"]) for row in rows for key in keys_of(row)}
        return self.named(site, project, field, name)

    def forget_components(self, site: JiraSite, project: str) -> None:
        """Have the list read again next time: Jira refused a component, or the caller must be certain."""
        with self._lock:
            self._components.pop((site.name, project), None)

    def exist(self, site: JiraSite, project: str, ids: Iterable[str]) -> bool:
        """Whether any of these components exists now."""
        self.forget_components(site, project)
        return not set(ids).isdisjoint(self._read(site, project).ids.values())

    def _listed(self, site: JiraSite, project: str, names: list[str]) -> dict[str, str]:
        with self._lock:
            known = self._components.get((site.name, project))
        age = machine_now() - known.at if known else KNOWN_FOR
        missing = known is None or not all(name in known.ids for name in names)
        if known is None or age >= KNOWN_FOR or (missing and age > FRESH_FOR):
            known = self._read(site, project)
        return {name: known.ids[name] for name in names if name in known.ids}

    def _read(self, site: JiraSite, project: str) -> _Known:
        known = _Known(site.components(project), machine_now())
        with self._lock:
            self._components[site.name, project] = known
        return known

    def _create(self, site: JiraSite, project: str, name: str) -> str | None:
        """Create a component; return its id, or `None` if Jira refuses (no permission). An existing one is used."""
        try:
            created = site.create_component(project, name)
        except Refused:
            return self._read(site, project).ids.get(name)
        self.forget_components(site, project)
        return created
