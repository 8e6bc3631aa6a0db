"""Components of Jira projects: the list is cached and refreshed on a miss."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.clock import machine_now
from desk.gates import Refused
from desk.jira.client import JiraSite

FRESH_FOR = timedelta(seconds=30)  # a miss sooner than this is a miss in Jira too


@dataclass(frozen=True)
class _Known:
    ids: dict[str, str]
    at: datetime


class ComponentCache:
    """Names to ids of all components, by site and project; shared by the threads of a worker."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}
        self._lock = threading.Lock()

    def ids(self, site: JiraSite, project: str, names: Iterable[str], *, refresh: bool = False) -> dict[str, str]:
        """The ids of those names that exist; a name that is not known makes the list be read anew."""
        wanted = list(names)
        with self._lock:
            known = self._known.get((site.name, project))
        stale = known is None or machine_now() - known.at > FRESH_FOR
        if known is None or refresh or (stale and not all(name in known.ids for name in wanted)):
            known = _Known(site.components(project), machine_now())
            with self._lock:
                self._known[site.name, project] = known
        return {name: known.ids[name] for name in wanted if name in known.ids}

    def create(self, site: JiraSite, project: str, name: str) -> str | None:
        """Create a component; its id, None when Jira refuses (no permission). One that exists by now is taken."""
        try:
            created = site.create_component(project, name)
        except Refused:
            return self.ids(site, project, [name], refresh=True).get(name)
        with self._lock:
            self._known.pop((site.name, project), None)
        return created
