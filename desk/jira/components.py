"""Components: the warehouse's group is named by one, and a person's word wins over the bot's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from config import Topic
from config.jira import Components
from desk.clock import machine_now
from desk.issues import COMPONENTS, Chosen, Issue, IssueView
from desk.jira.comments import Comments
from desk.jira.groups import Groups
from desk.jira.orders import SAID, said_in
from desk.journal import Done, Verb
from desk.templates import IssueContext
from events import TicketEvent
from store import links

_KEPT = 20  # closings of one ticket that are told apart


class ComponentVerbs(Groups, Comments):
    """The verbs that choose, add and leave alone components, and that say so in the issue."""

    def choose_components(self, topic: Topic, warehouse: str | None, *, why: str) -> Chosen:
        """Find the components of the warehouse's group (W-57, C-01); one that is missing is created if allowed.

        An unknown warehouse gets the fallback, and an alert.
        """
        project = self._config.categories.types[topic.type_id].project
        return self._choose(project, topic.type_id, warehouse, why)

    def components_of(self, seen: IssueView, type_id: str, warehouse: str | None, *, why: str) -> Chosen:
        """The same for an issue that a person made; `warehouse` is its ticket's, where its own field says nothing."""
        return self._choose(seen.issue.project, type_id, seen.warehouse or warehouse, why)

    def _choose(self, project: str, type_id: str, warehouse: str | None, why: str) -> Chosen:
        rule = self._config.jira.components.get(type_id)
        if rule is None:
            return Chosen({})
        wanted = rule.for_warehouse(warehouse)
        if not wanted.names:
            return Chosen({})

        def act() -> Done:
            ids = self.components_now(project, wanted.names)
            missing = [name for name in wanted.names if name not in ids]

            def tell(connection: sa.Connection) -> None:
                self._tell(connection, project, warehouse, wanted, missing)

            return Done({"ids": ids, "missing": missing}, after=sorted(ids), also=tell)

        verb = Verb(why, "choose_components", project, intent=list(wanted.names))
        result = self._around.journal.do(verb, act)
        return Chosen(result["ids"], tuple(result["missing"]), wanted.known) if result else Chosen({})

    def _tell(
        self, connection: sa.Connection, project: str, warehouse: str | None, wanted: Components, missing: list[str]
    ) -> None:
        raise_once = self._around.alerts.raise_once
        if not wanted.known:
            names = ", ".join(wanted.names)
            key = f"warehouse:{project}:{(warehouse or '').casefold()}"
            values = {"warehouse": warehouse or "", "components": names, "delivery": self._around.label}
            raise_once(connection, key, "alert_unknown_warehouse", **values)
        self.alert_missing(connection, project, missing)

    def add_components(self, seen: IssueView, chosen: Chosen, *, why: str) -> None:
        """Add what is missing, never writing the whole list; not where a person took the bot's component away.

        Where the warehouse was corrected, the bot's own former group goes in the same call.
        """
        if not chosen.ids:
            return
        issue, before = seen.issue, sorted(seen.components)
        there, wanted = set(seen.components.values()), set(chosen.ids.values())
        with self._around.reading() as connection:
            mark = links.mark(connection, issue.site, issue.id, COMPONENTS)
        ours = set(mark.value or ()) & there if mark and not mark.person_at else set()
        if ours and not chosen.known:
            return  # a warehouse that nobody knows is no better than the one that was known
        missing = {name: number for name, number in chosen.ids.items() if number not in there}
        stale = sorted(ours - wanted)
        left = {name for name, number in seen.components.items() if number not in stale}
        verb = Verb(why, "add_components", issue.key, intent=sorted({*left, *chosen.ids}))

        def remember(wanted: Iterable[str], connection: sa.Connection) -> None:
            value = sorted(wanted)
            links.set_mark(connection, issue.site, issue.id, COMPONENTS, value=value, set_at=machine_now())

        def find(_begun_at: datetime) -> Done | None:
            return None if missing or stale else Done(also=partial(remember, wanted))

        def add(chosen: Chosen, _lacks: Mapping[str, str]) -> None:
            changes = [{"add": {"id": number}} for number in chosen.ids.values() if number not in there]
            changes += [{"remove": {"id": number}} for number in stale]
            if changes:
                self._around.site(issue.site).edit(issue.id, {COMPONENTS: changes})

        def act() -> Done:
            if not missing and not stale:
                return Done(outcome="unchanged", after=before)
            if mark is not None and (mark.person_at or set(mark.value or ()) & set(missing.values())):
                return Done(outcome="refused", reason="a person has changed the components", before=before)
            _, added = self.with_components(issue.project, chosen, add)
            return Done(before=before, also=partial(remember, added.ids.values()))

        self._around.journal.do(verb, act, find)

    def leave_components_to_person(self, seen: IssueView, *, why: str) -> None:
        """A person took a component away that the bot had set: leave the field alone from now on, and say so once."""
        issue = seen.issue
        with self._around.reading() as connection:
            mark = links.mark(connection, issue.site, issue.id, COMPONENTS)
        lost = set(mark.value or ()) - set(seen.components.values()) if mark else set()
        if mark is None or mark.person_at or not lost or not self._exist(issue, lost):
            return
        body = self._around.templates.comment("person_wins", component="")

        def also(connection: sa.Connection) -> None:
            links.set_mark(connection, issue.site, issue.id, COMPONENTS, person_at=machine_now())

        self._comment(issue, Verb(why, "leave_components", issue.key, intent=sorted(seen.components)), body, also=also)

    def _exist(self, issue: Issue, components: set[str]) -> bool:
        """False when an admin deleted the components themselves: no webhook tells of that."""
        return self._around.directory.exist(self._around.site(issue.site), issue.project, components)

    def say_component_missing(self, issue: Issue, missing: tuple[str, ...], *, why: str) -> None:
        """Write into the issue that a component does not exist and could not be created."""
        if not missing:
            return
        values = {"component": ", ".join(missing), "project": issue.project}
        body = self._around.templates.comment("component_missing", **values)
        self._comment(issue, Verb(why, "say_component_missing", issue.key, missing, issue.real), body)

    def say_to_third_line(
        self, issue: Issue, event: TicketEvent, topic: Topic, *, why: str, again: bool = False
    ) -> bool:
        """Write what the third line has to know into the ticket's issue, where the seller cannot see it.

        `again`: only what a closing tells that no closing has told before; whether that was so.
        """
        said, known = said_in(event), self._said(issue)
        if again and said is None:
            return False
        if again and known is None:
            known = self._remember(issue, said)
        kind = self._config.categories.types[topic.type_id]
        context = IssueContext(event.ticket, topic, event.agent, event.closing)
        body = self._around.templates.issue(kind.template, context).description

        def told() -> str | None:
            return "the third line was told already" if again and said in (known or ()) else None

        def also(connection: sa.Connection) -> None:
            if said is not None:
                value = [*(known or ()), said][-_KEPT:]
                links.set_mark(connection, issue.site, issue.id, SAID, value=value, set_at=machine_now())

        verb = Verb(why, "say_to_third_line", issue.key, possible=issue.real, unless=told)
        return bool(self._comment(issue, verb, body, also=also))

    def _said(self, issue: Issue) -> list[str] | None:
        """What closings told of an issue so far; None: a person made and described it, and none was heard yet."""
        with self._around.reading() as connection:
            mark = links.mark(connection, issue.site, issue.id, SAID)
        return list(mark.value or ()) if mark else None

    def _remember(self, issue: Issue, said: str | None) -> list[str]:
        value = [said] if said else []
        with self._around.writing() as connection:
            links.set_mark(connection, issue.site, issue.id, SAID, value=value, set_at=machine_now())
        return value

    def say_linked(self, issue: Issue, ticket: str, url: str | None, *, why: str) -> None:
        """Write into an issue that a person made which ticket it belongs to now."""
        body = self._around.templates.comment("linked_ticket", ticket_id=ticket, url=url or "")
        self._comment(issue, Verb(why, "say_linked", issue.key, intent=ticket), body)
