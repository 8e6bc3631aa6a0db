"""What this process remembers of Jira's sites, and for how long: components, the bot's own accounts."""

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

FRESH_FOR = timedelta(seconds=30)  # a miss sooner than this is a miss in Jira too
KNOWN_FOR = timedelta(minutes=10)  # what is renamed is not refused: it is found out by reading


# Fields whose values config names, and where Jira lists them.
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
    """Names to ids of all components, by site and project; shared by the threads of a worker."""

    def __init__(self) -> None:
        self._components: dict[tuple[str, str], _Known] = {}
        self._accounts: dict[tuple[str, str], str] = {}
        self._statuses: dict[tuple[str, str], tuple[dict[str, Mapping[str, Any]], datetime]] = {}
        self._ids: dict[tuple[str, str, str], dict[str, str]] = {}
        self._lock = threading.Lock()

    def known_account(self, site: JiraSite) -> str | None:
        """The account of the user whom a site's client calls as, if it was asked for."""
        return self._accounts.get((site.name, site.user))

    def account(self, site: JiraSite) -> str:
        """The same; Jira is asked the first time."""
        key = (site.name, site.user)
        if key not in self._accounts:
            self._accounts[key] = site.myself()
        return self._accounts[key]

    def components(
        self, site: JiraSite, project: str, names: Iterable[str], *, may_create: bool = False
    ) -> dict[str, str]:
        """The ids of those names that exist, or could be created; an unknown name makes the list be read anew."""
        wanted = list(names)
        ids = self._listed(site, project, wanted)
        for name in wanted:
            if name not in ids and may_create:
                created = self._create(site, project, name)
                ids |= {name: created} if created else {}
        return ids

    def status(self, site: JiraSite, project: str, number: str) -> Mapping[str, Any] | None:
        """A status by its id, with its category, in the language of the bot's account; None: Jira does not know it."""
        known, at = self._statuses.get((site.name, project), ({}, None))
        age = machine_now() - at if at else KNOWN_FOR
        if age >= KNOWN_FOR or (number not in known and age > FRESH_FOR):
            known = {str(row["id"]): row for row in site.statuses(project)}
            self._statuses[site.name, project] = (known, machine_now())
        return known.get(number)

    def named(self, site: JiraSite, project: str, field: str, name: str) -> dict[str, str]:
        """What config names in a field of `LISTS`, as Jira takes it: by the id that is known, or by the name."""
        number = name if name.isdecimal() else self._ids.get((site.name, project, field), {}).get(match_key(name))
        return {"id": number} if number else {"name": name}

    def named_anew(self, site: JiraSite, project: str, field: str, name: str) -> dict[str, str]:
        """The same when Jira refused it: by the list that Jira has now."""
        rows = LISTS[field](site, project)
        self._ids[site.name, project, field] = {key: str(row["id"]) for row in rows for key in keys_of(row)}
        return self.named(site, project, field, name)

    def forget_components(self, site: JiraSite, project: str) -> None:
        """Jira refused one of them, or somebody must be sure: read the list anew the next time."""
        with self._lock:
            self._components.pop((site.name, project), None)

    def exist(self, site: JiraSite, project: str, ids: Iterable[str]) -> bool:
        """Whether any of these components is there now."""
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
        """Create a component; its id, None when Jira refuses (no permission). One that exists by now is taken."""
        try:
            created = site.create_component(project, name)
        except Refused:
            return self._read(site, project).ids.get(name)
        self.forget_components(site, project)
        return created
