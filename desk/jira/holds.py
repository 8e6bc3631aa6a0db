"""Holds in Jira: the issue is made or taken over, the neighbour's component removed, the question asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from desk.actions import Action, Result
from desk.adf_text import plain_text
from desk.circuit_breaker import Refused
from desk.context import DeskContext
from desk.issues import Issue, IssueView
from desk.jira.comments import JiraComments
from desk.jira.issues import JiraIssues
from desk.jira.links import JiraLinks
from desk.jira.orders import Order, issue_of, label_of
from desk.jira.reading import JiraReading
from desk.jira.writing import alert_refused, named, write_without_refused
from desk.templates import HoldContext
from desk.templates.files import RenderedIssue
from events import FieldChange, IssueEvent, TicketEvent
from store import links
from store.holds import Hold
from store.links import Link

HoldPurpose = Literal["hold_ozon", "hold_seller"]


@dataclass(frozen=True)
class HoldDraft:
    """A requested hold: by whom, in which project, its T-3 category, and the fields that admit the seller."""

    purpose: HoldPurpose
    event: TicketEvent
    project: str
    category: str | None = None
    agent: str | None = None  # account id
    seller: Mapping[str, Any] = field(default_factory=dict)


class JiraHolds:
    """What a hold does to an issue, and how it begins and ends in Jira (W-66…W-78)."""

    def __init__(
        self, context: DeskContext, reading: JiraReading, links: JiraLinks, issues: JiraIssues, comments: JiraComments
    ) -> None:
        self._context = context
        self._config = context.config
        self._reading = reading
        self._links = links
        self._issues = issues
        self._comments = comments

    def account_of(self, event: TicketEvent) -> str | None:
        """Return the agent's Jira account: as the CRM says, otherwise as `holds.yml` maps it."""
        agent = event.agent
        return agent.jira_account_id or self._config.holds.agents.get(agent.id or "")

    def project_of(self, event: TicketEvent) -> str:
        """Return the project for a hold: that of the T-3 category, of the ticket's type, or the default one."""
        categories, ticket = self._config.categories, event.ticket
        category = categories.hold_category(ticket.type, ticket.subtype)
        if category is not None:
            return category.project
        type_id = categories.type_id(ticket.type)
        return categories.types[type_id].project if type_id else self._config.holds.project

    def seller_fields(self, event: TicketEvent, project: str) -> dict[str, Any] | None:
        """Return the fields that let the seller see the issue (request type, reporter); `None` if impossible."""
        settings = self._config.jira.projects[project]
        account, name = event.ticket.seller.jira_account_id, settings.fields.request_type
        if not account or not name or not settings.request_type:
            return None
        return {name: settings.request_type, "reporter": {"id": account}}

    def issue_for(self, request: HoldDraft, *, why: str) -> Issue:
        """Take the ticket's issue over for the hold, or create one (W-66, W-73), with a single write.

        `refused` is set in the result if Jira does not accept the seller; then nothing was done.
        """
        event, ticket = request.event, request.event.ticket
        topic = self._config.categories.topic(ticket.type, ticket.subtype)
        context = HoldContext(ticket, event.agent, event.closing, request.category, topic)
        text = self._context.templates.issue(request.purpose, context)
        link = self._links.of_ticket(event.source, ticket.id)
        fields = {**request.seller, **assigned_to(request.agent)}
        order = Order(
            request.purpose, request.project, text, labels=(self._label(request.purpose),), fields=fields,
            decisive=request.seller.keys(),
        )  # fmt: skip
        if link is not None and self._can_take_over(link, self._issues.creation(event, order, why)):
            return self._take_over(link, order, why)
        return self._issues.make(event, order, why)

    def _can_take_over(self, link: Link, creation: Action) -> bool:
        """Whether the hold can use the ticket's issue: in a configured project, not made by this delivery, not gone."""
        foreign = link.issue_key.split("-")[0] not in self._config.jira.projects
        return not foreign and not self._context.actions.has_done(creation) and self._links.is_there(link)

    def _label(self, purpose: str) -> str:
        labels = self._config.jira.hold_labels
        return labels.ozon if purpose == "hold_ozon" else labels.seller

    def _take_over(self, link: Link, order: Order, why: str) -> Issue:
        """Change the purpose of the ticket's issue: labels, assignee, mark and text, in one call.

        An issue that the seller can see loses its internal description, which is kept in an internal comment.
        """
        issue, purpose = issue_of(link), order.purpose
        mark = {"purpose": purpose, "delivery": self._context.label, "ticket": label_of(link.source, link.ticket_id)}
        action = Action(why, "take_over_issue", issue.key, intent=purpose)
        if link.purpose == purpose and not self._context.actions.has_done(action):
            return issue

        def act() -> Result:
            other = self._label("hold_seller" if purpose == "hold_ozon" else "hold_ozon")
            update = {"labels": [*({"add": label} for label in order.labels), {"remove": other}]}
            fields = dict(order.fields)
            if purpose == "hold_seller":
                fields |= {"summary": order.text.summary, "description": order.text.description}
            site = self._context.site(issue.site)
            try:
                _, lacks = write_without_refused(
                    lambda given, _: site.edit(issue.id, update, given, mark), fields, order.decisive
                )
            except Refused as refused:
                return self._issues.not_made(refused, issue.project, order.decisive)

            def record(connection: sa.Connection) -> None:
                links.repurpose(connection, link.site, link.issue_id, purpose)
                alert_refused(self._context, connection, issue.project, lacks)

            told = named(self._config.jira.projects[issue.project], lacks)
            return Result({"lacks": told} if told else None, before=link.purpose, rows=record)

        if purpose == "hold_seller" and link.purpose != purpose:
            self._keep_description(issue, order.text, why)
        return replace(issue, **(self._context.actions.do(action, act) or {}))

    def _keep_description(self, issue: Issue, text: RenderedIssue, why: str) -> None:
        """Copy the former description to an internal comment, unless an earlier try has already replaced it."""
        found = self._context.site(issue.site).issue(issue.id, ["description"])
        former = plain_text(found.fields.get("description"))
        if former and former != plain_text(text.description):
            body = self._context.templates.comment("former_description", text=former)
            self._comments.write(issue, Action(why, "keep_description", issue.key, possible=issue.real), body)

    def asked_before_issue(self, event: TicketEvent, asked_at: datetime | None, *, why: str) -> bool:
        """Whether our question in the CRM is older than the ticket's issue (W-77); this is recorded as a violation.

        The clocks of the two systems may differ, so the question must be older by more than the tolerance.
        """
        action = Action(why, "record_violation", event.ticket.id)

        def look() -> Result:
            link = self._links.of_ticket(event.source, event.ticket.id)
            if link is not None and asked_at is not None:
                found = self._context.site(link.site).issue(link.issue_id, ["created"])
                made_at = datetime.fromisoformat(str(found.fields["created"]))
                if asked_at + self._config.holds.clock_tolerance >= made_at:
                    return Result(False, outcome="unchanged", after=str(found.fields["created"]))
            moment = asked_at.isoformat() if asked_at else None
            return Result(True, before=moment, reason="asked in the CRM before the issue existed")

        return bool(self._context.actions.look(action, look))

    def asked(self, event: IssueEvent) -> list[str]:
        """Return the holds that a change asks for: ozon, seller, or both if a person set both labels at once."""
        labels, statuses = self._config.jira.hold_labels, self._config.holds.transitions
        added = {label for change in event.changes if change.field == "labels" for label in _added(change)}
        status = next((change for change in event.changes if change.field == "status"), None)
        asked = {"ozon": labels.ozon in added, "seller": labels.seller in added}
        if status is not None:
            for kind, wanted in (("ozon", statuses.ozon), ("seller", statuses.seller)):
                asked[kind] |= self._reading.is_status(event.issue, status.after, status.after_text, wanted)
        return [kind for kind, is_asked in asked.items() if is_asked]

    def label_removed(self, event: IssueEvent, kind: str) -> bool:
        """Whether a person removed the hold's label: the agent's sign that nobody is awaited any more."""
        labels = self._config.jira.hold_labels
        label = labels.ozon if kind == "ozon" else labels.seller
        return any(change.field == "labels" and label in _removed(change) for change in event.changes)

    def issue_of(self, hold: Hold) -> Issue | None:
        """Return the issue of a hold under its current key; `None` if it has none or the issue is gone."""
        if hold.site is None or hold.issue_id is None:
            return None
        seen = self._reading.read_at(hold.site, hold.issue_id, None)
        return seen.issue if seen is not None and seen.issue.project in self._config.jira.projects else None

    def key_of(self, hold: Hold) -> str:
        """Return the key of the hold's issue as the bot knows it, without asking Jira; empty if there is none."""
        if hold.site is None or hold.issue_id is None:
            return ""
        with self._context.reading() as connection:
            link = links.of_issue(connection, hold.site, hold.issue_id)
        return link.issue_key if link else ""

    def take_label_off(self, issue: Issue, kind: str, *, why: str) -> None:
        """Remove the hold's label when the hold is over, so that a person can use it again."""
        self._relabel(issue, kind, "remove", "take_label_off", why)

    def put_label_back(self, issue: Issue, kind: str, *, why: str) -> None:
        """Restore the hold's label when the end of the hold is undone."""
        self._relabel(issue, kind, "add", "put_label_back", why)

    def _relabel(self, issue: Issue, kind: str, change: Literal["add", "remove"], name: str, why: str) -> None:
        label = self._label("hold_ozon" if kind == "ozon" else "hold_seller")

        def act() -> Result:
            found = self._context.site(issue.site).issue(issue.id, ["labels"])
            if (label in (found.fields.get("labels") or ())) is (change == "add"):
                return Result(outcome="unchanged")
            self._context.site(issue.site).edit(issue.id, {"labels": [{change: label}]})
            return Result(after=label) if change == "add" else Result(before=label)

        self._context.actions.do(Action(why, name, issue.key, intent=label), act)

    def make_of(self, issue: Issue, purpose: HoldPurpose, agent: str | None, *, why: str) -> None:
        """Change the purpose of an issue that a person put on hold, and assign it to that person (W-68, W-75).

        While it is a hold, W-57 sets no component (C-02).
        """
        action = Action(why, "take_over_issue", issue.key, intent=purpose)

        def act() -> Result:
            link, site = self._links.of_issue(issue), self._context.site(issue.site)
            label = f"{link.source}-{link.ticket_id}" if link else None
            mark = {"purpose": purpose, "delivery": self._context.label, "ticket": label} if link else None
            _, lacks = write_without_refused(lambda given, _: site.edit(issue.id, {}, given, mark), assigned_to(agent))
            value = {"unassigned": lacks["assignee"]} if lacks else None
            if link is None:
                return Result(value, reason="no ticket is linked")
            repurpose = partial(links.repurpose, site=issue.site, issue_id=issue.id, purpose=purpose)
            return Result(value, before=link.purpose, rows=repurpose)

        lacks = self._context.actions.do(action, act)
        if lacks:
            body = self._context.templates.comment("hold_not_assigned", said=lacks["unassigned"])
            self._comments.write(issue, Action(why, "say_unassigned", issue.key), body)

    def has_said(self, issue: Issue, *, public: bool, why: str) -> bool:
        """Whether a person on our side has already commented, with what was done or with the question."""

        def look() -> Result:
            own = self._reading.own_account(issue.site)
            for comment in self._context.site(issue.site).comments(issue.id):
                author = comment.get("author") or {}
                if author.get("accountType") == "customer" or author.get("accountId") == own:
                    continue
                if bool(comment.get("jsdPublic")) is public:
                    return Result(True, outcome="unchanged", after=str(comment["id"]))
            return Result(False, outcome="unchanged")

        return bool(self._context.actions.look(Action(why, "look_for_words", issue.key), look))

    @staticmethod
    def is_seen_by_seller(seen: IssueView) -> bool:
        """Whether a customer sees the issue: it has a request type, and its reporter is a customer."""
        return bool(seen.request_type) and seen.reporter_kind == "customer"


def assigned_to(account: str | None) -> dict[str, Any]:
    """Return the field that assigns an issue to an account; nothing without an account."""
    return {"assignee": {"id": account}} if account else {}


def _words(text: str | None) -> set[str]:
    return set((text or "").split())


def _added(change: FieldChange) -> set[str]:
    return _words(change.after_text) - _words(change.before_text)


def _removed(change: FieldChange) -> set[str]:
    return _words(change.before_text) - _words(change.after_text)
