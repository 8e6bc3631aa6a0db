"""What an agent or the lead is told about a WebCRM ticket, each finding once; and which tickets are checked again."""

from __future__ import annotations

from dataclasses import replace

from desk.actions import Action, Result
from desk.context import DeskContext
from desk.crm.client import SYSTEM
from desk.crm.desk import CrmDesk
from desk.tickets import Reply, Stop, Telling
from desk.watches import Watches


class NoticesDesk(Watches):
    """Findings and watches of WebCRM tickets."""

    def __init__(self, context: DeskContext, crm: CrmDesk) -> None:
        super().__init__(context, SYSTEM)
        self._crm = crm

    def tell(self, ticket_id: str, finding: str, note: str, *, why: str, **values: object) -> None:
        """Tell the agent what a rule found, with the text `note`; it only warns, so mode `warn` allows it too."""
        if self.was_told(ticket_id, finding, why):
            return
        telling = Telling(
            note, values, optional=True, warns=True,
            also=lambda connection: self.keep_finding(connection, ticket_id, finding, why),
        )  # fmt: skip
        self._crm.tell(ticket_id, telling, why=why)

    def show_lead(self, ticket_id: str, finding: str, text: str, *, why: str) -> None:
        """Record what a rule found for the lead's page only; `text` names nobody."""
        if self.was_told(ticket_id, finding, why):
            return
        found = Result(
            True, after=text, outcome="warned",
            rows=lambda connection: self.keep_finding(connection, ticket_id, finding, why),
        )  # fmt: skip
        self._context.actions.note(Action(why, "show_lead", ticket_id, intent=text, is_warning=True), found)

    def reply(self, ticket_id: str, finding: str, reply: Reply, *, why: str) -> bool:
        """Send the partner a text, or draft it for the agent, once for this finding; return whether it was sent."""
        if self.was_told(ticket_id, finding, why):
            return False
        kept = replace(reply, also=lambda connection, _: self.keep_finding(connection, ticket_id, finding, why))
        return self._crm.reply(ticket_id, kept, why=why) and reply.send

    def draft_comment(self, ticket_id: str, finding: str, text: str, *, unless: Stop, why: str) -> None:
        """Draft a comment for colleagues, once for this finding; the agent completes and sends it."""
        if not self.was_told(ticket_id, finding, why):
            self._crm.draft_comment(
                ticket_id, text, unless=unless, why=why,
                also=lambda connection: self.keep_finding(connection, ticket_id, finding, why),
            )  # fmt: skip
