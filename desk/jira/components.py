"""Components: one names the warehouse's group; a change made by a person takes precedence over the bot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from config import Topic
from config.jira import Components
from desk.actions import Action, Result
from desk.clock import machine_now
from desk.context import DeskContext
from desk.issues import COMPONENTS, Chosen, Issue, IssueView
from desk.jira.comments import JiraComments
from desk.jira.groups import Groups
from store import holds, links


class JiraComponents:
    """Chooses, adds and removes components, or leaves them alone."""

    def __init__(self, context: DeskContext, groups: Groups, comments: JiraComments) -> None:
        self._context = context
        self._config = context.config
        self._groups = groups
        self._comments = comments

    def choose(self, topic: Topic, warehouse: str | None, *, why: str) -> Chosen:
        """Find the components of the warehouse's group (W-57, C-01); a missing one is created if allowed.

        An unknown warehouse gets the fallback, and raises an alert.
        """
        project = self._config.categories.types[topic.type_id].project
        return self._choose(project, topic.type_id, warehouse, why)

    def choose_for(self, seen: IssueView, type_id: str, warehouse: str | None, *, why: str) -> Chosen:
        """Do the same for an issue that a person made; `warehouse`, the ticket's, is used if its own field is empty."""
        return self._choose(seen.issue.project, type_id, seen.warehouse or warehouse, why)

    def _choose(self, project: str, type_id: str, warehouse: str | None, why: str) -> Chosen:
        rule = self._config.jira.components.get(type_id)
        if rule is None:
            return Chosen({})
        wanted = rule.for_warehouse(warehouse)
        if not wanted.names:
            return Chosen({})

        def found(ids: Mapping[str, str]) -> Result:
            missing = [name for name in wanted.names if name not in ids]

            def tell(connection: sa.Connection) -> None:
                self._tell(connection, project, warehouse, wanted, missing)

            return Result({"ids": dict(ids), "missing": missing}, after=sorted(ids), rows=tell)

        def known() -> Result | None:
            ids, may_create = self._groups.known(project, wanted.names)
            return found(ids) if len(ids) == len(set(wanted.names)) or not may_create else None

        action = Action(why, "choose_components", project, intent=list(wanted.names), already=known)
        result = self._context.actions.do(action, lambda: self._groups.now(project, wanted.names), result=found)
        return Chosen(result["ids"], tuple(result["missing"]), wanted.known) if result else Chosen({})

    def _tell(
        self, connection: sa.Connection, project: str, warehouse: str | None, wanted: Components, missing: list[str]
    ) -> None:
        raise_once = self._context.alerts.raise_once
        if not wanted.known:
            names = ", ".join(wanted.names)
            key = f"warehouse:{project}:{(warehouse or '').casefold()}"
            values = {"warehouse": warehouse or "", "components": names, "delivery": self._context.label}
            raise_once(connection, key, "alert_unknown_warehouse", **values)
        self._groups.alert_missing(connection, project, missing)

    def add(self, seen: IssueView, chosen: Chosen, *, why: str) -> None:
        """Add missing components, never writing the whole list, unless a person has removed one that the bot had set.

        If the warehouse was corrected, the bot's own former component is removed in the same call.
        """
        if not chosen.ids:
            return
        issue, before = seen.issue, sorted(seen.components)
        there, wanted = set(seen.components.values()), set(chosen.ids.values())
        with self._context.reading() as connection:
            mark = links.mark(connection, issue.site, issue.id, COMPONENTS)
        ours = set(mark.value or ()) & there if mark and not mark.person_at else set()
        if ours and not chosen.known:
            return  # an unknown warehouse does not replace a known one
        missing = {name: number for name, number in chosen.ids.items() if number not in there}
        stale = sorted(ours - wanted)
        left = {name for name, number in seen.components.items() if number not in stale}
        action = Action(why, "add_components", issue.key, intent=sorted({*left, *chosen.ids}))

        remember = partial(self._remember_set, issue)

        def find(_begun_at: datetime) -> Result | None:
            return None if missing or stale else Result(rows=partial(remember, wanted))

        def add(chosen: Chosen, _lacks: Mapping[str, str]) -> None:
            changes = [{"add": {"id": number}} for number in chosen.ids.values() if number not in there]
            changes += [{"remove": {"id": number}} for number in stale]
            if changes:
                self._context.site(issue.site).edit(issue.id, {COMPONENTS: changes})

        def act() -> Result:
            if not missing and not stale:
                return Result(outcome="unchanged", after=before)
            if mark is not None and (mark.person_at or set(mark.value or ()) & set(missing.values())):
                return Result(outcome="refused", reason="a person has changed the components", before=before)
            _, added = self._groups.with_components(issue.project, chosen, add)
            return Result(before=before, rows=partial(remember, added.ids.values()))

        self._context.actions.do(action, act, find)

    @staticmethod
    def _remember_set(issue: Issue, wanted: Iterable[str], connection: sa.Connection) -> None:
        value = sorted(wanted)
        links.set_mark(connection, issue.site, issue.id, COMPONENTS, value=value, set_at=machine_now())

    def leave_to_person(self, seen: IssueView, *, why: str) -> None:
        """If a person removed a component that the bot had set, leave the field alone from now on, and say so once."""
        issue = seen.issue
        with self._context.reading() as connection:
            mark = links.mark(connection, issue.site, issue.id, COMPONENTS)
        lost = set(mark.value or ()) - set(seen.components.values()) if mark else set()
        if mark is None or mark.person_at or not lost or not self._exist(issue, lost):
            return
        body = self._context.templates.comment("person_wins", component="")

        def also(connection: sa.Connection) -> None:
            links.set_mark(connection, issue.site, issue.id, COMPONENTS, person_at=machine_now())

        action = Action(why, "leave_components", issue.key, intent=sorted(seen.components))
        self._comments.write(issue, action, body, also=also)

    def _exist(self, issue: Issue, components: set[str]) -> bool:
        """Whether any of the components still exists: no webhook reports that an admin deleted one."""
        return self._context.directory.exist(self._context.site(issue.site), issue.project, components)

    def say_missing(self, issue: Issue, missing: tuple[str, ...], *, why: str) -> None:
        """Comment on the issue that a component does not exist and could not be created."""
        if not missing:
            return
        values = {"component": ", ".join(missing), "project": issue.project}
        body = self._context.templates.comment("component_missing", **values)
        self._comments.write(issue, Action(why, "say_component_missing", issue.key, missing, issue.real), body)

    def remove_neighbours(self, issue: Issue, *, why: str) -> None:
        """Remove exactly the neighbour group's components (W-67, W-74); the hold keeps their names.

        The bot no longer watches the components it had set, so a person may put them back.
        """

        def nothing_to_remove() -> str | None:
            return None if issue.real else "a hold's own issue is made without components"

        action = Action(why, "remove_neighbour_component", issue.key, possible=issue.real, already=nothing_to_remove)

        def record(connection: sa.Connection) -> None:
            links.set_mark(connection, issue.site, issue.id, COMPONENTS, value=[], set_at=machine_now())

        def act() -> Result:
            seen = self._context.site(issue.site).issue(issue.id, [COMPONENTS])
            present = {one["name"]: str(one["id"]) for one in seen.fields.get(COMPONENTS) or ()}
            taken = sorted(name for name in present if self._config.jira.is_neighbour(name))
            if not taken:
                return Result([], outcome="unchanged", after=sorted(present), rows=record)
            self._remember_taken(issue, taken)  # before the call: after it, a second try cannot tell which they were
            update = {COMPONENTS: [{"remove": {"id": present[name]}} for name in taken]}
            self._context.site(issue.site).edit(issue.id, update)
            return Result(taken, before=sorted(present), after=sorted(set(present) - set(taken)), rows=record)

        self._context.actions.do(action, act)

    def _remember_taken(self, issue: Issue, taken: list[str]) -> None:
        def keep(connection: sa.Connection) -> None:
            hold = holds.open_of_issue(connection, issue.site, issue.id)
            if hold is not None:
                names = sorted({*(hold.components_taken or ()), *taken})
                holds.change(connection, hold.id, components_taken=names)

        self._context.actions.record(keep)
