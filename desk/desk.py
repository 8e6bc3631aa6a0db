"""The desk: what a handler works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apprise import NotifyFormat

from config import Config
from desk import digest
from desk.actions import OWN, Action, Result
from desk.cases import CasesDesk
from desk.chats import ChatMessage
from desk.closings import ClosingsDesk
from desk.context import DeskContext
from desk.crm.assignments import AssignmentsDesk
from desk.crm.desk import CrmDesk
from desk.crm.notices import NoticesDesk
from desk.departments import DepartmentsDesk
from desk.duplicates import DuplicatesDesk
from desk.escalations import EscalationsDesk
from desk.faults import Dead, Later
from desk.holds import HoldsDesk
from desk.incidents import IncidentsDesk
from desk.jira.desk import JiraDesk
from desk.promises import PromisesDesk
from desk.requests import ANSWERED, Request, RequestsDesk
from desk.telling import tell_each
from desk.tickets import TicketVerbs
from desk.usedesk.checks import ChecksDesk
from desk.usedesk.desk import UsedeskDesk
from events import AlertEvent, DigestEvent


@dataclass(frozen=True)
class RequestStanding:
    """The current answer to a request: `state` (answered or withdrawn), `how`, by whom, and its text."""

    state: str
    how: str
    by: str | None
    text: str


class Desk:
    """The desk of one run of one delivery: `desk.jira`, `desk.crm`, `desk.usedesk`, `desk.assignments`, `desk.notices`,
    `desk.closings`, `desk.duplicates`, `desk.escalations`, `desk.holds`, `desk.checks`, `desk.cases`, `desk.incidents`,
    `desk.requests`, `desk.promises`, `desk.departments`, `desk.now`, `desk.config`.

    `now` is the moment at which the delivery was first taken up, and `config` the configuration of that moment.
    """

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self.jira = JiraDesk(context)
        self.crm = CrmDesk(context)
        self.usedesk = UsedeskDesk(context)
        self.assignments = AssignmentsDesk(context)
        self.notices = NoticesDesk(context, self.crm)
        self.closings = ClosingsDesk(context, self.crm)
        self.duplicates = DuplicatesDesk(context, self.crm)
        self.escalations = EscalationsDesk(context)
        self.holds = HoldsDesk(context)
        self.checks = ChecksDesk(context)
        self.cases = CasesDesk(context)
        self.incidents = IncidentsDesk(context)
        self.requests = RequestsDesk(context)
        self.promises = PromisesDesk(context)
        self.departments = DepartmentsDesk(context)
        self.config: Config = context.config
        self.now: datetime = context.now

    def crm_of(self, source: str) -> TicketVerbs | None:
        """Return where a ticket of this source is written to; `None` for a Jira issue without a known ticket."""
        return next((crm for crm in (self.crm, self.usedesk) if crm.source == source), None)

    def draft_heading(self, rule: str) -> str:
        """Return the heading over a draft for the client in a CRM that has no drafts."""
        return self._context.templates.note("draft_heading", rule=rule)

    def what_stands(self, request: Request) -> RequestStanding | None:
        """Return the answer to a request as the other system shows it now.

        `None` if there is none or the system cannot be asked now: a reminder does not wait for that.
        """
        try:
            return self._what_stands(request)
        except Later as later:
            if later.at is not None:
                raise  # a rate limit: it is over soon
        except Dead:
            pass  # the bot may not read it
        return None

    def _what_stands(self, request: Request) -> RequestStanding | None:
        if request.site:
            found = self.jira.requests.how_stands(request)
            return RequestStanding(*found) if found else None
        if request.source != self.usedesk.source or not request.dept_ticket_id:
            return None
        askers = (request.owner_id, request.asker_account)
        answer = self.usedesk.answer_in(request.dept_ticket_id, request.since, askers)
        return RequestStanding(ANSWERED, "comment" if answer[1] else "status", *answer) if answer else None

    def note(self, name: str, **values: object) -> str:
        """Return a text of `crm_templates/notes.yml`."""
        return self._context.templates.note(name, **values)

    def mode(self, rule: str) -> str:
        """Return the mode of a rule: off, observe, warn or act."""
        return self.config.rules.mode(rule)

    def send_alert(self, event: AlertEvent) -> None:
        """Tell the admins at the addresses of `alerts.yml`, each at least once."""
        urls = self.config.alerts.urls
        action = Action(OWN, "send_alert", event.key, intent=event.text)
        if not urls:
            self._context.actions.note(action, Result(outcome="unchanged", reason="alerts.yml names no address"))
        else:
            tell_each(self._context, action, urls, lambda: ChatMessage(event.text))

    def send_digest(self, event: DigestEvent) -> None:
        """Send a digest to everybody its address names, each at least once."""
        asked = self._context.config.reports.digests.get(event.name)
        action = Action(OWN, "send_digest", event.name, intent=event.day.isoformat())
        if asked is None or asked.to is None:
            self._context.actions.note(action, Result(outcome="unchanged", reason="reports.yml names no address"))
            return
        mail, parts = asked.to.get_secret_value().startswith(("mailto://", "mailtos://")), asked.parts

        def message() -> ChatMessage:
            with self._context.reading() as connection:
                made = digest.make(connection, self._context.config, self._context.now, parts)
            body, form = (made.html, NotifyFormat.HTML) if mail else (made.text, NotifyFormat.TEXT)
            return ChatMessage(body, made.title, form)

        tell_each(self._context, action, [asked.to], message)
