"""Making an issue: exactly one per ticket and purpose, whatever happens in between."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from config import Topic
from desk.clock import machine_now
from desk.faults import Dead, Later
from desk.gates import Refused
from desk.issues import COMPONENTS, Chosen, Issue
from desk.jira.client import PROPERTY, Found, JiraSite
from desk.jira.groups import Groups
from desk.jira.orders import ESCALATION, SAID, SECOND, Order, issue_of, label_of, made, said_in
from desk.jira.writing import alert_refused, named, write_without_refused
from desk.journal import Done, Verb
from desk.templates import IssueContext
from events import TicketEvent
from store import links
from store.links import Link


class Making(Groups):
    """The verbs that make an issue and point it at its ticket: two calls to Jira besides look-ups."""

    @staticmethod
    def can_describe(event: TicketEvent, topic: Topic) -> bool:
        """False when nobody said anything, so that the description would be empty (W-63)."""
        return IssueContext(event.ticket, topic, event.agent, event.closing).said()

    def create_issue(
        self, event: TicketEvent, topic: Topic, components: Chosen, *, why: str, instead_of: Issue | None = None
    ) -> Issue:
        """Create the ticket's issue, filled from its template, in one call (W-60…W-63).

        `instead_of`: the issue that the ticket has in another group's project, and goes on from (W-62). A group that
        had the ticket before gets it back, with the issue that it has. EmptyDescriptionError when nobody said anything.
        """
        kind = self._config.categories.types[topic.type_id]
        context = IssueContext(event.ticket, topic, event.agent, event.closing)
        text = self._around.templates.issue(kind.template, context)
        return self._make(event, Order(ESCALATION, kind.project, text, components, instead_of=instead_of), why)

    def _make(self, event: TicketEvent, order: Order, why: str) -> Issue:
        """One issue per ticket and purpose: the link table is asked first, then Jira by the label."""
        site_name = self._config.jira.projects[order.project].site
        label = label_of(event.source, event.ticket.id)

        def act() -> Done:
            link = self.link_of_ticket(event.source, event.ticket.id, order.purpose)
            if link is not None and not order.replaces(link) and self.is_there(link):
                return made(issue_of(link), outcome="unchanged", reason="the ticket has its issue already")
            former = self._former(event, order)
            if former is not None:
                return self._taken_back(former)
            held = self.link_of_ticket(event.source, event.ticket.id)
            if held is not None and order.purpose == ESCALATION and self._can_return(held, order.project):
                return self._back_to_third_line(held, order, label)
            site = self._around.site(site_name)
            found = self._search(site, label, order.purpose)
            if found is not None:
                return self._taken(event, site_name, found, order)
            try:
                new, chosen = self.with_components(
                    order.project,
                    order.components,
                    lambda chosen, lacks: self._create(site, replace(order, components=chosen), label, lacks),
                )
            except Refused as refused:
                return self.not_made(refused, order.project, order.decisive)
            return self._taken(event, site_name, new, replace(order, components=chosen))

        def find(begun_at: datetime) -> Done | None:
            found = self._search(self._around.site(site_name), label, order.purpose)
            if found is not None:
                return self._taken(event, site_name, found, order)
            settled = begun_at + self._config.runtime.search_settle
            if machine_now() < settled:
                raise Later(f"Jira's search may not show {label} yet", at=settled)
            return None

        def stray(connection: sa.Connection, done: Done | None, key: str) -> None:
            about = {"ticket_source": event.source, "ticket_id": event.ticket.id, "purpose": order.purpose}
            known = done.result["id"] if done else None
            self._around.leave_word(
                connection, key, of="issue", rule=why, verb=creation.name, site=site_name, issue_id=known, **about
            )

        creation = self.creation(event, order, why)
        verb = replace(creation, stray=stray)
        result = self._around.journal.do(verb, act, find) or {}
        return Issue(**result) if "id" in result else replace(Issue.spoken_of(site_name, order.project), **result)

    @staticmethod
    def creation(event: TicketEvent, order: Order, why: str) -> Verb:
        """The verb that makes an issue."""
        intent: dict[str, Any] = {"project": order.project, "summary": order.text.summary}
        if order.components.ids:  # a dry run knows only what was chosen, which the verb before it says
            intent["components"] = sorted(order.components.ids)
        name = "create_issue" if order.instead_of is None else SECOND
        return Verb(why, name, label_of(event.source, event.ticket.id), intent=intent)

    def _create(self, site: JiraSite, order: Order, label: str, lost: Mapping[str, str]) -> Found:
        """Make the issue; its mark says what it lacks, so that this is known when Jira's answer is lost."""

        def send(fields: dict[str, Any], lacks: dict[str, str]) -> Found:
            mark: dict[str, Any] = {"purpose": order.purpose, "delivery": self._around.label, "ticket": label}
            mark |= {"lacks": {**lost, **lacks}} if lost or lacks else {}
            return replace(site.create(fields, mark), properties={PROPERTY: mark})

        anew = {
            named_field: partial(self._around.directory.named_anew, site, order.project, named_field, value)
            for named_field, value in self._names(order).items()
        }
        return write_without_refused(send, self._fields(site, order, label), order.decisive, anew)[0]

    def not_made(self, refused: Refused, project: str, decisive: Collection[str]) -> Done:
        """The end of a verb that Jira refused for one of the fields that decide; raises any other refusal."""
        fields = {name: words for name, words in refused.trouble.fields.items() if name in decisive}
        if not fields:
            raise refused

        def also(connection: sa.Connection) -> None:
            alert_refused(self._around, connection, project, fields)

        result = {"refused": named(self._config.jira.projects[project], fields)}
        return Done(result, outcome="refused", reason=refused.reason, also=also)

    def link_back(self, issue: Issue, event: TicketEvent, *, why: str) -> None:
        """Put a link to the ticket into the issue; the same ticket twice is one link."""
        url = event.ticket.url
        if not url or not url.startswith(("http://", "https://")):
            return
        label = label_of(event.source, event.ticket.id)
        title = self._around.templates.note("remote_link", ticket=event.ticket.id)
        verb = Verb(why, "link_back", issue.key, intent=url, possible=issue.real, courtesy=True)
        link = {"globalId": f"smezhnik:{label}", "object": {"url": url, "title": title}}

        def act() -> Done:
            self._around.site(issue.site).remote_link(issue.id, link)
            return Done()

        self._around.journal.do(verb, act)

    def is_there(self, link: Link) -> bool:
        """Whether a ticket's issue still is there; one that is gone unheard is forgotten."""
        if self._read(link.site, link.issue_id, link.issue_key.split("-")[0]) is not None:
            return True
        self._around.journal.record(
            lambda connection: links.forget(connection, link.site, link.issue_id, machine_now())
        )
        return False

    def _can_return(self, held: Link, project: str) -> bool:
        """Whether the issue of a hold can be the escalation's: it is there, in the right project, and not finished."""
        if held.issue_key.split("-")[0] != project:
            return False
        standing = self._read(held.site, held.issue_id, project)
        return standing is not None and not self.is_finished(standing)

    def _back_to_third_line(self, link: Link, order: Order, label: str) -> Done:
        """The ticket's issue is no hold any more: its mark, its labels and its component in one call (C-02).

        A component that a person had a say in is left to that person.
        """
        issue, labels = issue_of(link), self._config.jira.hold_labels
        mark = {"purpose": ESCALATION, "delivery": self._around.label, "ticket": label}
        with self._around.reading() as connection:
            person = links.mark(connection, issue.site, issue.id, COMPONENTS)

        def edit(chosen: Chosen, lacks: Mapping[str, str]) -> Mapping[str, str]:
            update: dict[str, Any] = {"labels": [{"remove": labels.ozon}, {"remove": labels.seller}]}
            if chosen.ids:
                update[COMPONENTS] = [{"add": {"id": number}} for number in chosen.ids.values()]
            self._around.site(issue.site).edit(issue.id, update, None, mark)
            return lacks

        wanted = Chosen({}) if person is not None and person.person_at else order.components
        lacks, chosen = self.with_components(order.project, wanted, edit)

        def also(connection: sa.Connection) -> None:
            links.repurpose(connection, issue.site, issue.id, ESCALATION)
            if chosen.ids:
                value = sorted(chosen.ids.values())
                links.set_mark(connection, issue.site, issue.id, COMPONENTS, value=value, set_at=machine_now())

        reason = "the hold is over: back to the third line"
        return made(replace(issue, returned=True, lacks=lacks), before=link.purpose, reason=reason, also=also)

    def _search(self, site: JiraSite, label: str, purpose: str) -> Found | None:
        """The ticket's issue by its label: the bot's own of this purpose, or one that a person labelled so.

        Search lags behind, so what it shows is read by its id before it counts.
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
        with self._around.reading() as connection:
            if links.is_forgotten(connection, site.name, found.id) or links.of_issue(connection, site.name, found.id):
                return None
        return self.seen(site, found.id, found.key.split("-")[0], ["labels"])

    def _taken(self, event: TicketEvent, site: str, found: Found, order: Order) -> Done:
        """Record the pair; what a person made keeps its components as that person's."""
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
            alert_refused(self._around, connection, order.project, lacks)
            if order.components.ids and by_bot:
                value = sorted(order.components.ids.values())
                links.set_mark(connection, site, found.id, COMPONENTS, value=value, set_at=machine_now())
            if order.purpose == ESCALATION and by_bot:
                said = [told] if (told := said_in(event)) else []
                links.set_mark(connection, site, found.id, SAID, value=said, set_at=machine_now())

        return made(issue, also=also)

    def issue_of_another_group(self, event: TicketEvent, topic: Topic) -> Issue | None:
        """The issue of an escalated ticket, when it is there and another group's than the topic's (W-62).

        An issue that a person moved to another project does not make a second one: its ticket's Type is what it was.
        """
        link, types = self.link_of_ticket(event.source, event.ticket.id, ESCALATION), self._config.categories.types
        if link is None:
            return None
        if self._around.journal.has_done(Verb("W-62", SECOND, None)):  # by a try of this delivery that broke off
            return issue_of(self._newest_former(event) or link)
        given = types[link.type_id].project if link.type_id in types else None
        same = types[topic.type_id].project in (link.issue_key.split("-")[0], given)
        return issue_of(link) if not same and self.is_there(link) else None

    def _newest_former(self, event: TicketEvent) -> Link | None:
        with self._around.reading() as connection:
            known = links.all_of_ticket(connection, event.source, event.ticket.id)
        former = [(one.former_since, one) for one in known if one.former_since]
        return max(former, key=lambda found: found[0])[1] if former else None

    def _former(self, event: TicketEvent, order: Order) -> Link | None:
        """The issue that a group has of a ticket which was another's in between; None also when it is gone."""
        if order.instead_of is None:
            return None
        with self._around.reading() as connection:
            known = links.all_of_ticket(connection, event.source, event.ticket.id)
        former = (one for one in known if one.former_since and one.issue_key.split("-")[0] == order.project)
        return next(filter(self.is_there, former), None)

    @staticmethod
    def _taken_back(former: Link) -> Done:
        def also(connection: sa.Connection) -> None:
            links.take_back(connection, former, machine_now())

        return made(issue_of(former), reason="the ticket is this group's again", also=also)

    def _names(self, order: Order) -> dict[str, str]:
        """The fields whose values config or a template names."""
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
            fields[named_field] = self._around.directory.named(site, order.project, named_field, value)
        filled = {custom[name]: value for name, value in order.text.fields.items() if custom.get(name) and value}
        return fields | filled | dict(order.fields)
