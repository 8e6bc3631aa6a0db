"""Making issues: exactly one per ticket and purpose, whatever happens in between."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from config import Topic
from desk.actions import Action, Result
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.context import DeskContext
from desk.faults import Dead, Later
from desk.issues import COMPONENTS, Chosen, Issue
from desk.jira.client import PROPERTY, Found, JiraSite
from desk.jira.groups import Groups
from desk.jira.links import JiraLinks
from desk.jira.orders import ESCALATION, SAID, SECOND, Order, issue_of, label_of, made, said_in
from desk.jira.reading import JiraReading
from desk.jira.writing import alert_refused, named, write_without_refused
from desk.templates import IssueContext
from events import TicketEvent
from store import links
from store.links import Link


class JiraIssues:
    """Makes issues, and links them to their tickets."""

    def __init__(self, context: DeskContext, reading: JiraReading, links: JiraLinks, groups: Groups) -> None:
        self._context = context
        self._config = context.config
        self._reading = reading
        self._links = links
        self._groups = groups

    @staticmethod
    def can_describe(event: TicketEvent, topic: Topic) -> bool:
        """False if nobody said anything, so that the description would be empty (W-63)."""
        return IssueContext(event.ticket, topic, event.agent, event.closing).said()

    def create(
        self, event: TicketEvent, topic: Topic, components: Chosen, *, why: str, instead_of: Issue | None = None
    ) -> Issue:
        """Create the ticket's issue, filled from its template, in one call (W-60…W-63).

        `instead_of`: the ticket's issue in another group's project, which it moves on from (W-62). A group that had the
        ticket before gets its former issue back. Raises `EmptyDescriptionError` if nobody said anything.
        """
        kind = self._config.categories.types[topic.type_id]
        context = IssueContext(event.ticket, topic, event.agent, event.closing)
        text = self._context.templates.issue(kind.template, context)
        return self.make(event, Order(ESCALATION, kind.project, text, components, instead_of=instead_of), why)

    def make(self, event: TicketEvent, order: Order, why: str) -> Issue:
        """Make one issue per ticket and purpose: check the link table first, then search Jira by the label."""
        site = self._config.jira.projects[order.project].site
        creation = self.creation(event, order, why)

        def stray(connection: sa.Connection, done: Result | None, key: str) -> None:
            about = {"ticket_source": event.source, "ticket_id": event.ticket.id, "purpose": order.purpose}
            known = done.value["id"] if done else None
            self._context.leave_word(
                connection, key, of="issue", rule=why, verb=creation.name, site=site, issue_id=known, **about
            )

        given = self._context.actions.do(
            replace(creation, stray=stray),
            lambda: self._made(event, order),
            lambda begun_at: self._made_before(event, order, begun_at),
        )
        known = given or {}
        return Issue(**known) if "id" in known else replace(Issue.spoken_of(site, order.project), **known)

    def _made(self, event: TicketEvent, order: Order) -> Result:
        """Return the ticket's issue: its current one, a former one, one found in Jira, or a new one."""
        label = label_of(event.source, event.ticket.id)
        present = [link for link in self._links.all_of_ticket(event.source, event.ticket.id) if not link.former_since]
        own = next((link for link in reversed(present) if link.purpose == order.purpose), None)
        if own is not None and not order.replaces(own):
            if self._links.is_there(own):
                return made(issue_of(own), outcome="unchanged", reason="the ticket has its issue already")
            present.remove(own)
        former = self._former(event, order)
        if former is not None:
            take_back = partial(links.take_back, former=former, now=machine_now())
            return made(issue_of(former), reason="the ticket is this group's again", rows=take_back)
        held = present[-1] if present else None
        if held is not None and order.purpose == ESCALATION and self._can_return(held, order.project):
            return self._back_to_third_line(held, order, label)
        found = self._found(event, order)
        if found is not None:
            return found
        site = self._context.site(self._config.jira.projects[order.project].site)
        try:
            new, chosen = self._groups.with_components(
                order.project,
                order.components,
                lambda chosen, lacks: self._create(site, replace(order, components=chosen), label, lacks),
            )
        except Refused as refused:
            return self.not_made(refused, order.project, order.decisive)
        return self._taken(event, site.name, new, replace(order, components=chosen))

    def _made_before(self, event: TicketEvent, order: Order, begun_at: datetime) -> Result | None:
        """Return the issue that an earlier try made; raise `Later` while Jira's search may not show it yet."""
        settled = begun_at + self._config.runtime.search_settle
        found = self._found(event, order)
        if found is None and machine_now() < settled:
            label = label_of(event.source, event.ticket.id)
            raise Later(f"Jira's search may not show {label} yet", at=settled)
        return found

    def _found(self, event: TicketEvent, order: Order) -> Result | None:
        """Return the ticket's issue, if Jira has one that the link table does not know."""
        site = self._context.site(self._config.jira.projects[order.project].site)
        found = self._search(site, label_of(event.source, event.ticket.id), order.purpose)
        return self._taken(event, site.name, found, order) if found is not None else None

    @staticmethod
    def creation(event: TicketEvent, order: Order, why: str) -> Action:
        """Return the action that makes an issue."""
        intent: dict[str, Any] = {"project": order.project, "summary": order.text.summary}
        if order.components.ids:  # a dry run has none; the action before names the choice
            intent["components"] = sorted(order.components.ids)
        name = "create_issue" if order.instead_of is None else SECOND
        return Action(why, name, label_of(event.source, event.ticket.id), intent=intent)

    def _create(self, site: JiraSite, order: Order, label: str, lost: Mapping[str, str]) -> Found:
        """Make the issue; its mark lists the fields left out, so that they are known even if Jira's answer is lost."""

        def send(fields: dict[str, Any], lacks: dict[str, str]) -> Found:
            mark: dict[str, Any] = {"purpose": order.purpose, "delivery": self._context.label, "ticket": label}
            mark |= {"lacks": {**lost, **lacks}} if lost or lacks else {}
            return replace(site.create(fields, mark), properties={PROPERTY: mark})

        anew = {
            named_field: partial(self._context.directory.named_anew, site, order.project, named_field, value)
            for named_field, value in self._names(order).items()
        }
        return write_without_refused(send, self._fields(site, order, label), order.decisive, anew)[0]

    def not_made(self, refused: Refused, project: str, decisive: Collection[str]) -> Result:
        """Return the result if Jira refused a decisive field; raise any other refusal."""
        fields = {name: words for name, words in refused.trouble.fields.items() if name in decisive}
        if not fields:
            raise refused

        def also(connection: sa.Connection) -> None:
            alert_refused(self._context, connection, project, fields)

        result = {"refused": named(self._config.jira.projects[project], fields)}
        return Result(result, outcome="refused", reason=refused.reason, rows=also)

    def _can_return(self, held: Link, project: str) -> bool:
        """Whether a hold's issue can become the escalation's: it exists, is in the right project and not finished."""
        if held.issue_key.split("-")[0] != project:
            return False
        standing = self._reading.read_at(held.site, held.issue_id, project)
        return standing is not None and not self._reading.is_finished(standing)

    def _back_to_third_line(self, link: Link, order: Order, label: str) -> Result:
        """Turn the issue of a hold back into an escalation: mark, labels and component in one call (C-02).

        Components that a person has changed are left alone.
        """
        issue, labels = issue_of(link), self._config.jira.hold_labels
        mark = {"purpose": ESCALATION, "delivery": self._context.label, "ticket": label}
        with self._context.reading() as connection:
            person = links.mark(connection, issue.site, issue.id, COMPONENTS)

        def edit(chosen: Chosen, lacks: Mapping[str, str]) -> Mapping[str, str]:
            update: dict[str, Any] = {"labels": [{"remove": labels.ozon}, {"remove": labels.seller}]}
            if chosen.ids:
                update[COMPONENTS] = [{"add": {"id": number}} for number in chosen.ids.values()]
            self._context.site(issue.site).edit(issue.id, update, None, mark)
            return lacks

        wanted = Chosen({}) if person is not None and person.person_at else order.components
        lacks, chosen = self._groups.with_components(order.project, wanted, edit)

        def also(connection: sa.Connection) -> None:
            links.repurpose(connection, issue.site, issue.id, ESCALATION)
            if chosen.ids:
                value = sorted(chosen.ids.values())
                links.set_mark(connection, issue.site, issue.id, COMPONENTS, value=value, set_at=machine_now())

        reason = "the hold is over: back to the third line"
        return made(replace(issue, returned=True, lacks=lacks), before=link.purpose, reason=reason, rows=also)

    def _search(self, site: JiraSite, label: str, purpose: str) -> Found | None:
        """Find the ticket's issue by its label: the bot's own of this purpose, or one that a person labelled.

        Search lags behind, so each result is read by its id before it counts.
        """

        def fits(issue: Found) -> bool:
            mark = issue.properties.get(PROPERTY)
            ours = mark.get("purpose") == purpose if mark else purpose == ESCALATION
            return ours and label in (issue.fields.get("labels") or ())

        found = filter(fits, site.search(f'labels = "{label}" ORDER BY created ASC', ["labels"]))
        own_first = sorted(found, key=lambda issue: PROPERTY not in issue.properties)
        there = filter(None, (self._read_found(site, issue) for issue in own_first))
        return next(filter(fits, there), None)

    def _read_found(self, site: JiraSite, found: Found) -> Found | None:
        with self._context.reading() as connection:
            if links.is_forgotten(connection, site.name, found.id) or links.of_issue(connection, site.name, found.id):
                return None
        return self._reading.seen(site, found.id, found.key.split("-")[0], ["labels"])

    def _taken(self, event: TicketEvent, site: str, found: Found, order: Order) -> Result:
        """Record the link; the components of an issue that a person made are not marked as the bot's."""
        by_bot, lacks = PROPERTY in found.properties, dict(found.properties.get(PROPERTY, {}).get("lacks") or {})
        told = named(self._config.jira.projects[order.project], lacks)
        issue = Issue(site, found.id, found.key, found.key.split("-")[0], new=True, lacks=told)
        type_id = self._config.categories.type_id(event.ticket.type)
        link = Link(
            event.source, event.ticket.id, order.purpose, site, found.id, found.key, made_by_bot=by_bot, type_id=type_id
        )

        def also(connection: sa.Connection) -> None:
            if order.instead_of is not None:
                links.pass_on(connection, link, machine_now())
            try:
                links.add(connection, link, machine_now())
            except links.LinkTakenError as taken:
                raise Dead(f"{found.key} was made, but the ticket has another issue by now: {taken}") from taken
            alert_refused(self._context, connection, order.project, lacks)
            if by_bot and (marks := self._marks(event, order)):
                links.set_marks(connection, site, found.id, marks)

        return made(issue, rows=also)

    @staticmethod
    def _marks(event: TicketEvent, order: Order) -> dict[str, dict[str, Any]]:
        """Return the bot's marks on an issue it makes: the components that it set, and what it told the third line."""
        values: dict[str, list[str]] = {}
        if order.components.ids:
            values[COMPONENTS] = sorted(order.components.ids.values())
        if order.purpose == ESCALATION:
            values[SAID] = [told] if (told := said_in(event)) else []
        return {field: {"value": value, "set_at": machine_now()} for field, value in values.items()}

    def of_another_group(self, event: TicketEvent, topic: Topic, link: Link | None) -> Issue | None:
        """Return the escalated ticket's issue if it exists and belongs to another group than the topic's (W-62).

        A person moving an issue to another project does not cause a second one: the ticket's Type has not changed.
        """
        types = self._config.categories.types
        if link is None or link.purpose != ESCALATION:
            link = self._links.of_ticket(event.source, event.ticket.id, ESCALATION) if link else None
        if link is None:
            return None
        second = Action("W-62", SECOND, label_of(event.source, event.ticket.id))
        if self._context.actions.has_done(second):  # an earlier run of this delivery made it and broke off
            return issue_of(self._newest_former(event) or link)
        given = types[link.type_id].project if link.type_id in types else None
        same = types[topic.type_id].project in (link.issue_key.split("-")[0], given)
        return issue_of(link) if not same and self._links.is_there(link) else None

    def _newest_former(self, event: TicketEvent) -> Link | None:
        known = self._links.all_of_ticket(event.source, event.ticket.id)
        former = [(one.former_since, one) for one in known if one.former_since]
        return max(former, key=lambda found: found[0])[1] if former else None

    def _former(self, event: TicketEvent, order: Order) -> Link | None:
        """Return a group's former issue of a ticket that another group had in between; `None` if it is gone."""
        if order.instead_of is None:
            return None
        known = self._links.all_of_ticket(event.source, event.ticket.id)
        former = (one for one in known if one.former_since and one.issue_key.split("-")[0] == order.project)
        return next(filter(self._links.is_there, former), None)

    def _names(self, order: Order) -> dict[str, str]:
        """Return the fields whose values are names in the configuration or a template."""
        kind: str = self._config.jira.projects[order.project].issue_type[order.purpose]  # type: ignore[index]
        return {"issuetype": kind} | ({"priority": order.text.priority} if order.text.priority else {})

    def _fields(self, site: JiraSite, order: Order, label: str) -> dict[str, Any]:
        settings = self._config.jira.projects[order.project]
        custom = settings.fields.model_dump()
        fields: dict[str, Any] = {
            "project": {"key": order.project},
            "summary": order.text.summary,
            "description": order.text.description,
            "labels": list(dict.fromkeys([*order.text.labels, *order.labels, label])),
        }
        if order.components.ids:
            fields["components"] = [{"id": number} for number in order.components.ids.values()]
        for named_field, value in self._names(order).items():
            fields[named_field] = self._context.directory.named(site, order.project, named_field, value)
        filled = {custom[name]: value for name, value in order.text.fields.items() if custom.get(name) and value}
        return fields | filled | dict(order.fields)
