"""Groups of the third line as components: their ids are cached, and read again when Jira refuses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import sqlalchemy as sa

from desk.circuit_breaker import Refused
from desk.context import DeskContext
from desk.issues import COMPONENTS, Chosen

T = TypeVar("T")


class Groups:
    """Finds components by name, and writes with their ids."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._config = context.config

    def now(self, project: str, names: Iterable[str]) -> dict[str, str]:
        """Return the ids of components; missing ones are created if the configuration and Jira allow it."""
        settings = self._config.jira.projects[project]
        site = self._context.site(settings.site)
        return self._context.directory.components(site, project, names, may_create=settings.create_components)

    def known(self, project: str, names: Iterable[str]) -> tuple[dict[str, str], bool]:
        """Return the ids of the components that exist, and whether others may be created."""
        settings = self._config.jira.projects[project]
        ids = self._context.directory.components(self._context.site(settings.site), project, names)
        return ids, settings.create_components

    def with_components(
        self, project: str, chosen: Chosen, write: Callable[[Chosen, Mapping[str, str]], T]
    ) -> tuple[T, Chosen]:
        """Write with components; if Jira refuses them, write once more with the ids that their names have now.

        `write` gets the components, and Jira's message if some of them no longer exist.
        """
        try:
            return write(chosen, {}), chosen
        except Refused as refused:
            words = refused.trouble.fields.get(COMPONENTS)
            if words is None or not chosen.ids:
                raise
            site = self._context.site(self._config.jira.projects[project].site)
            self._context.directory.forget_components(site, project)
            ids = self.now(project, chosen.ids)
            if ids == chosen.ids:
                raise
        lost = [name for name in chosen.ids if name not in ids]
        self._context.actions.record(lambda connection: self.alert_missing(connection, project, lost))
        anew = Chosen(ids, (*chosen.missing, *lost), chosen.known)
        return write(anew, {COMPONENTS: words} if lost else {}), anew

    def alert_missing(self, connection: sa.Connection, project: str, names: Iterable[str]) -> None:
        """Alert the admins, once for each, of components that do not exist and could not be created."""
        for name in names:
            key = f"component:{project}:{name}"
            self._context.alerts.raise_once(connection, key, "alert_component_missing", component=name, project=project)
