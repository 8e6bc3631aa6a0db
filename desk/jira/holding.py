"""What a hold does to an issue: it is made or taken over, the neighbour's component goes, the question is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from desk import adf
from desk.adf_text import plain_text
from desk.clock import machine_now
from desk.gates import Refused
from desk.issues import COMPONENTS, Issue, is_finished
from desk.jira.client import JiraSite
from desk.jira.comments import Comments
from desk.jira.making import Making
from desk.jira.moves import Moves
from desk.jira.orders import Order, issue_of, label_of
from desk.jira.writing import alert_refused, named, write_without_refused
from desk.journal import Done, Verb
from desk.sight import NOT_FOUND
from desk.templates import HoldContext
from desk.templates.files import RenderedIssue
from events import TicketEvent
from store import holds, links
from store.links import Link

HoldPurpose = Literal["hold_ozon", "hold_seller"]
# Another task: linked, linked but finished or in a project whose events nobody hears, there but not linked, not there.
Awaited = Literal["linked", "done", "unheard", "not_linked", "unseen"]


@dataclass(frozen=True)
class Request:
    """A hold that is asked for: by whom, in which project, under which T-3 name, and what lets the seller see it."""

    purpose: HoldPurpose
    event: TicketEvent
    project: str
    category: str | None = None
    agent: str | None = None  # account id
    seller: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HoldEnd:
    """How a hold ended: of which kind, who answered, when (as it is written), and the words, where they are known."""

    kind: str
    who: str
    at: str
    said: str = ""


class Holding(Making, Moves, Comments):
    """The verbs of both holds (W-66…W-78)."""

    def account_of(self, event: TicketEvent) -> str | None:
        """The Jira account of the agent: as the CRM names it, else as `holds.yml` maps it."""
        agent = event.agent
        return agent.jira_account_id or self._config.holds.agents.get(agent.id or "")

    def hold_project(self, event: TicketEvent) -> str:
        """The project for a hold: of the T-3 category, of the ticket's type, else the one for all others."""
        categories, ticket = self._config.categories, event.ticket
        category = categories.hold_category(ticket.type, ticket.subtype)
        if category is not None:
            return category.project
        type_id = categories.type_id(ticket.type)
        return categories.types[type_id].project if type_id else self._config.holds.project

    def seller_fields(self, event: TicketEvent, project: str) -> dict[str, Any] | None:
        """What lets the seller see the issue: the request type, and the seller as its reporter; None: impossible."""
        settings = self._config.jira.projects[project]
        account, name = event.ticket.seller.jira_account_id, settings.fields.request_type
        if not account or not name or not settings.request_type:
            return None
        return {name: settings.request_type, "reporter": {"id": account}}

    def hold_issue(self, request: Request, *, why: str) -> Issue:
        """Take the ticket's issue over for the hold, or create one (W-66, W-73): one call besides look-ups.

        `refused` in it: Jira does not let the seller in, so nothing was done.
        """
        event, ticket = request.event, request.event.ticket
        topic = self._config.categories.topic(ticket.type, ticket.subtype)
        context = HoldContext(ticket, event.agent, event.closing, request.category, topic)
        text = self._around.templates.issue(request.purpose, context)
        link = self.link_of_ticket(event.source, ticket.id)
        fields = {**request.seller, **assigned_to(request.agent)}
        order = Order(
            request.purpose, request.project, text, labels=(self._label(request.purpose),), fields=fields,
            decisive=request.seller.keys(),
        )  # fmt: skip
        if link is not None and self._can_take_over(link, self.creation(event, order, why)):
            return self._take_over(link, order, why)
        return self._make(event, order, why)

    def _can_take_over(self, link: Link, creation: Verb) -> bool:
        """Whether a ticket's issue can be its hold's: in a project of ours, not made by this delivery, and there."""
        foreign = link.issue_key.split("-")[0] not in self._config.jira.projects
        return not foreign and not self._around.journal.has_done(creation) and self.is_there(link)

    def _label(self, purpose: str) -> str:
        labels = self._config.jira.hold_labels
        return labels.ozon if purpose == "hold_ozon" else labels.seller

    def _take_over(self, link: Link, order: Order, why: str) -> Issue:
        """Change the purpose of the ticket's issue: components, labels, assignee and mark in one call.

        An issue that the seller is let into loses its inner description, which is kept in an internal comment.
        """
        issue, purpose = issue_of(link), order.purpose
        mark = {"purpose": purpose, "delivery": self._around.label, "ticket": label_of(link.source, link.ticket_id)}
        verb = Verb(why, "take_over_issue", issue.key, intent=purpose)
        if link.purpose == purpose and not self._around.journal.has_done(verb):
            return issue

        def act() -> Done:
            other = self._label("hold_seller" if purpose == "hold_ozon" else "hold_ozon")
            update = {"labels": [*({"add": label} for label in order.labels), {"remove": other}]}
            fields = dict(order.fields)
            if purpose == "hold_seller":
                fields |= {"summary": order.text.summary, "description": order.text.description}
            site = self._around.site(issue.site)
            try:
                _, lacks = write_without_refused(
                    lambda given, _: site.edit(issue.id, update, given, mark), fields, order.decisive
                )
            except Refused as refused:
                return self.not_made(refused, issue.project, order.decisive)

            def record(connection: sa.Connection) -> None:
                links.repurpose(connection, link.site, link.issue_id, purpose)
                alert_refused(self._around, connection, issue.project, lacks)

            told = named(self._config.jira.projects[issue.project], lacks)
            return Done({"lacks": told} if told else None, before=link.purpose, also=record)

        if purpose == "hold_seller" and link.purpose != purpose:
            self._keep_description(issue, order.text, why)
        return replace(issue, **(self._around.journal.do(verb, act) or {}))

    def _keep_description(self, issue: Issue, text: RenderedIssue, why: str) -> None:
        """Keep what the third line was told, where the seller cannot see it; not the new `text` of an earlier try."""
        found = self._around.site(issue.site).issue(issue.id, ["description"])
        former = plain_text(found.fields.get("description"))
        if former and former != plain_text(text.description):
            body = self._around.templates.comment("former_description", text=former)
            self._comment(issue, Verb(why, "keep_description", issue.key, possible=issue.real), body)

    def remove_neighbour_components(self, issue: Issue, *, why: str) -> None:
        """Remove the neighbour group's components, exactly those (W-67, W-74); the hold keeps their names.

        The bot takes back its own word: what it set is no longer looked for, so a person may put it back.
        """

        def nothing_to_remove() -> str | None:
            return None if issue.real else "a hold's own issue is made without components"

        verb = Verb(why, "remove_neighbour_component", issue.key, possible=issue.real, unless=nothing_to_remove)

        def record(connection: sa.Connection) -> None:
            links.set_mark(connection, issue.site, issue.id, COMPONENTS, value=[], set_at=machine_now())

        def act() -> Done:
            seen = self._around.site(issue.site).issue(issue.id, [COMPONENTS])
            present = {one["name"]: str(one["id"]) for one in seen.fields.get(COMPONENTS) or ()}
            taken = sorted(name for name in present if self._config.jira.is_neighbour(name))
            if not taken:
                return Done([], outcome="unchanged", after=sorted(present), also=record)
            self._remember_taken(issue, taken)  # first: once they are gone, a second try cannot tell what they were
            update = {COMPONENTS: [{"remove": {"id": present[name]}} for name in taken]}
            self._around.site(issue.site).edit(issue.id, update)
            return Done(taken, before=sorted(present), after=sorted(set(present) - set(taken)), also=record)

        self._around.journal.do(verb, act)

    def _remember_taken(self, issue: Issue, taken: list[str]) -> None:
        with self._around.writing() as connection:
            hold = holds.open_of_issue(connection, issue.site, issue.id)
            if hold is not None:
                names = sorted({*(hold.components_taken or ()), *taken})
                holds.change(connection, hold.id, components_taken=names)

    def asked_before_issue(self, event: TicketEvent, asked_at: datetime | None, *, why: str) -> bool:
        """Whether our question in the CRM is older than the ticket's issue (W-77); it is recorded if so.

        Times of two systems are compared, so a question counts as older by more than the clocks may differ.
        """
        verb = Verb(why, "record_violation", event.ticket.id)

        def act() -> Done:
            link = self.link_of_ticket(event.source, event.ticket.id)
            if link is not None and asked_at is not None:
                found = self._around.site(link.site).issue(link.issue_id, ["created"])
                made_at = datetime.fromisoformat(str(found.fields["created"]))
                if asked_at + self._config.holds.clock_tolerance >= made_at:
                    return Done(False, outcome="unchanged", after=str(found.fields["created"]))
            moment = asked_at.isoformat() if asked_at else None
            return Done(True, before=moment, reason="asked in the CRM before the issue existed")

        return bool(self._around.journal.do(verb, act))

    def relate(self, issue: Issue, key: str, *, why: str) -> Awaited | None:
        """Link the issue to the other task that it waits for (W-53), as far as that can be; how that task stands.

        The same pair twice is one link.
        """
        verb = Verb(why, "relate", issue.key, intent=key, possible=issue.real)

        def act() -> Done:
            site = self._around.site(issue.site)
            try:
                other = site.issue(key, ["status"])
            except Refused as refused:
                if refused.trouble.status != NOT_FOUND:
                    raise
                return Done("unseen", outcome="refused", reason=refused.reason)
            try:
                self._link(site, issue.key, key)
            except Refused as refused:
                return Done("not_linked", outcome="refused", reason=refused.reason)
            if is_finished(other.fields):
                return Done("done")
            return Done("linked" if other.key.split("-")[0] in self._config.jira.projects else "unheard")

        result: Awaited | None = self._around.journal.do(verb, act)
        return result

    def _link(self, site: JiraSite, inward: str, outward: str) -> None:
        """Link two issues; the type by the id that its name has, where Jira does not know it as config writes it."""
        name, directory = self._config.holds.link_type, self._around.directory
        ends = {"inwardIssue": {"key": inward}, "outwardIssue": {"key": outward}}
        kind = directory.named(site, "", "linktype", name)
        try:
            site.link({"type": kind, **ends})
        except Refused:
            anew = directory.named_anew(site, "", "linktype", name)
            if anew == kind:
                raise
            site.link({"type": anew, **ends})

    def say_what_was_done(self, issue: Issue, event: TicketEvent, *, why: str) -> None:
        """Write the internal comment of what was done for the ticket (W-70), calling the awaited person in (W-56)."""
        detail, actions = event.closing.hold_detail, event.closing.actions_done or ""
        values = {"actions": actions, "agent": event.agent.name or "", "reason": detail.reason or ""}
        body = self._around.templates.comment("hold_done", **values)
        if detail.account_id:
            body = {**body, "content": [*body["content"], adf.mention(detail.account_id)]}
        self._comment(issue, Verb(why, "say_what_was_done", issue.key, intent=actions, possible=issue.real), body)

    def say_checklist(self, issue: Issue, reason: str, category: str, *, why: str) -> None:
        """Write the agent's checklist into the issue (W-69)."""
        body = self._around.templates.comment("hold_checklist", reason=reason, category=category)
        self._comment(issue, Verb(why, "say_checklist", issue.key, possible=issue.real), body)

    def ask_seller(self, issue: Issue, question: str, *, why: str) -> None:
        """Ask the seller in the issue, by a public comment, and nowhere else (W-76, W-77)."""
        body = self._around.templates.comment("hold_question", question=question)
        self._comment(issue, Verb(why, "ask_seller", issue.key, question, issue.real), body, public=True)

    def say_hold_ended(self, issue: Issue, end: HoldEnd, *, why: str) -> None:
        """Write into the issue that its hold is over, who answered, and when."""
        body = self._around.templates.comment("hold_ended", **asdict(end))
        self._comment(issue, Verb(why, "say_hold_ended", issue.key, intent=end.who), body)

    def say_both_asked(self, issue: Issue, *, why: str) -> None:
        """Write into the issue that both holds were asked for at once, so none was begun."""
        labels = self._config.jira.hold_labels
        body = self._around.templates.comment("hold_both_asked", labels=f"{labels.ozon}, {labels.seller}")
        self._comment(issue, Verb(why, "say_both_asked", issue.key), body)


def assigned_to(account: str | None) -> dict[str, Any]:
    """The field that assigns an issue to an account; none for nobody."""
    return {"assignee": {"id": account}} if account else {}
