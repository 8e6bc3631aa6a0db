"""Look-ups: what the bot knows of issues, and their current state in Jira."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from desk.circuit_breaker import Refused
from desk.context import DeskContext
from desk.faults import Later
from desk.issues import IssueView, fields_to_read, view
from desk.jira.client import Found, JiraSite
from desk.jira.names import is_done, is_named
from desk.sight import Place, seen_or_gone
from events import TICKET_ID, IssueRef
from store import links, systems

_LABEL = "webcrm-"
_TICKET = re.compile(TICKET_ID)


class JiraReading:
    """Look-ups that change nothing and are not in the ledger."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._config = context.config

    def own_account(self, site: str) -> str:
        """Return the bot's account id on a site: asked once per process, and stored for a process that cannot ask."""
        client = self._context.site(site)
        known = self._context.directory.known_account(client)
        if known is not None:
            return known
        with self._context.reading() as connection:
            breaker = systems.breaker(connection, client.system)
        kept = breaker.account_id if breaker is not None else None
        try:
            account = self._context.directory.account(client)
        except Later:
            if not kept:
                raise
            return str(kept)
        if account != kept:
            with self._context.engine.begin() as connection:
                systems.set_breaker(connection, client.system, account_id=account)
        return account

    @staticmethod
    def named_ticket(seen: IssueView) -> str | None:
        """Return the ticket that an issue names: in its ticket field, or by a label such as `webcrm-23814352`."""
        labels = [label.removeprefix(_LABEL) for label in seen.labels if label.startswith(_LABEL)]
        named = [name for name in (seen.ticket, *labels) if name and _TICKET.fullmatch(name)]
        return named[0] if named else None

    def is_finished(self, seen: IssueView) -> bool:
        """Whether an issue is finished: by the category of its status, or because the configuration says so."""
        return seen.finished or self._ends(seen.issue.project, {"id": seen.status_id, "name": seen.status})

    def is_ending(self, ref: IssueRef, number: str | None, name: str | None) -> bool:
        """Like `is_finished`, for a status in an event: its name is in the language of whoever set it."""
        project, row = (ref.key or "").split("-")[0], {"id": number, "name": name}
        if project not in self._config.jira.projects or not (number or name):
            return False
        if self._ends(project, row):
            return True
        known = self._status(ref.site, project, number)
        return is_done(known) or self._ends(project, known)

    def is_status(self, ref: IssueRef, number: str | None, name: str | None, wanted: str | None) -> bool:
        """Whether a status in an event is the one that the configuration names."""
        if not wanted or not (number or name):
            return False
        row, project = {"id": number, "name": name}, (ref.key or "").split("-")[0]
        return is_named(row, wanted) or is_named(self._status(ref.site, project, number), wanted)

    def _ends(self, project: str, status: Mapping[str, Any]) -> bool:
        settings = self._config.jira.projects.get(project)
        return settings is not None and any(is_named(status, name) for name in settings.statuses.done)

    def _status(self, site: str, project: str, number: str | None) -> Mapping[str, Any]:
        """Return a status as the bot's account sees it; empty if Jira does not show it."""
        if not number or project not in self._config.jira.projects:
            return {}
        try:
            return self._context.directory.status(self._context.site(site), project, number) or {}
        except Refused:
            return {}

    def read(self, ref: IssueRef) -> IssueView | None:
        """Read an issue as it is now; `None` if it is certainly gone (`desk.sight`)."""
        return self.read_at(ref.site, ref.id, ref.project)

    def read_key(self, key: str) -> IssueView | None:
        """Read an issue by the key in a ticket; `None` if it is gone or not in a configured project."""
        project = key.split("-", maxsplit=1)[0]
        settings = self._config.jira.projects.get(project)
        return self.read_at(settings.site, key, project) if settings else None

    def read_at(self, site: str, address: str, project: str | None) -> IssueView | None:
        settings = self._config.jira.projects.get(project or "")
        found = self.seen(self._context.site(site), address, project, fields_to_read(settings))
        if found is None:
            return None
        return view(site, found, self._config.jira.projects.get(found.key.split("-")[0], settings))

    def seen(self, client: JiraSite, address: str, project: str | None, fields: list[str]) -> Found | None:
        """Return an issue's current answer; `None` if the issue is certainly gone (`desk.sight`)."""
        return seen_or_gone(
            self._context, lambda: client.issue(address, fields), lambda: self._place(client, address, project)
        )

    def _place(self, client: JiraSite, address: str, project: str | None) -> Place:
        """Return the project that an issue is in if it is known, otherwise all projects of its site."""
        with self._context.reading() as connection:
            link = links.of_issue(connection, client.name, address)
        known = project or (link and link.issue_key.split("-")[0])
        keys = [known] if known else [key for key, one in self._config.jira.projects.items() if one.site == client.name]

        def prove() -> None:
            client.myself()  # even with an expired token, public projects can be read
            for key in keys:
                client.see_project(key)

        name = ", ".join(keys)
        return Place(client.system, name, prove, f"give its account Browse Projects in {name}")
