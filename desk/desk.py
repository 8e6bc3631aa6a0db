"""The desk: what a handler works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config import Config
from desk.chats import Message
from desk.crm.desk import CrmDesk
from desk.departments import DepartmentsDesk
from desk.faults import Dead, Later
from desk.holds import HoldsDesk
from desk.jira.desk import JiraDesk
from desk.journal import Done, Verb
from desk.promises import PromisesDesk
from desk.requests import ANSWERED, Request, RequestsDesk
from desk.said import SaidDesk
from desk.surroundings import Surroundings
from desk.telling import tell_each
from desk.tickets import TicketVerbs
from desk.usedesk.checks import ChecksDesk
from desk.usedesk.desk import UsedeskDesk
from events import AlertEvent

OWN = "own"  # the bot's own duty, not a rule of the manuals: always done


@dataclass(frozen=True)
class Standing:
    """An answer as it stands: `state` answered or withdrawn, `how`, by whom, and the words."""

    state: str
    how: str
    by: str | None
    text: str


class Desk:
    """One desk for one run of one delivery: `desk.jira`, `desk.crm`, `desk.usedesk`, `desk.holds`,
    `desk.requests`, `desk.promises`, `desk.departments`, `desk.said`, `desk.now`, `desk.config`.

    `now` is the moment at which the delivery was first taken up, and `config` the configuration of that moment.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.jira = JiraDesk(around)
        self.crm = CrmDesk(around)
        self.usedesk = UsedeskDesk(around)
        self.holds = HoldsDesk(around)
        self.checks = ChecksDesk(around)
        self.requests = RequestsDesk(around)
        self.promises = PromisesDesk(around)
        self.departments = DepartmentsDesk(around)
        self.said = SaidDesk(around)
        self.config: Config = around.config
        self.now: datetime = around.now

    def crm_of(self, source: str) -> TicketVerbs | None:
        """Where a ticket is written into; None: an issue of Jira that no ticket is known of."""
        return next((crm for crm in (self.crm, self.usedesk) if crm.source == source), None)

    def draft_heading(self, rule: str) -> str:
        """What stands over a draft for the client where a CRM knows no drafts."""
        return self._around.templates.note("draft_heading", rule=rule)

    def what_stands(self, request: Request) -> Standing | None:
        """The answer that stands where a question lives, as the other system shows it now; None: none, or it is
        not to be asked now: a reminder does not wait for that."""
        try:
            return self._what_stands(request)
        except Later as later:
            if later.at is not None:
                raise  # a limit of calls: soon
        except Dead:
            pass  # it may not be asked
        return None

    def _what_stands(self, request: Request) -> Standing | None:
        if request.site:
            found = self.jira.how_stands(request)
            return Standing(*found) if found else None
        if request.source != self.usedesk.source or not request.dept_ticket_id:
            return None
        askers = (request.owner_id, request.asker_account)
        answer = self.usedesk.answer_in(request.dept_ticket_id, request.since, askers)
        return Standing(ANSWERED, "comment" if answer[1] else "status", *answer) if answer else None

    def mode(self, rule: str) -> str:
        """What may be done by a rule: off, observe, warn or act."""
        return self.config.rules.mode(rule)

    def send_alert(self, event: AlertEvent) -> None:
        """Tell the admins, at the addresses of `alerts.yml`; each at least once."""
        urls = self.config.alerts.urls
        verb = Verb(OWN, "send_alert", event.key, intent=event.text)
        if not urls:
            self._around.journal.do(verb, lambda: Done(outcome="unchanged", reason="alerts.yml names no address"))
        else:
            tell_each(self._around, verb, urls, lambda: Message(event.text))
