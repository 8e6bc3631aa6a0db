"""Outgoing tickets to departments, made by the bot (U-14), and how to find one after an unknown outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.actions import Action, Result
from desk.context import DeskContext
from desk.usedesk.client import PAGE
from events.untrusted import part, text

SLACK = timedelta(minutes=10)  # how much Usedesk's clock may be slow
PAGES = 10


@dataclass(frozen=True)
class OutgoingTicket:
    """A question to a department as a ticket; `external_id` contains the client's ticket, department and number."""

    external_id: str
    subject: str
    text: str
    group: str


class Outgoing:
    """Makes outgoing tickets, each once."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def make(self, ticket_id: str, asked: OutgoingTicket, *, why: str) -> str | None:
        """Make the ticket; return its number, or `None` if the rule's mode prevented it."""
        fields = {
            "additional_id": asked.external_id,
            "group_id": asked.group,
            "status": "open",
            "private_comment": True,
        }
        action = Action(why, "create_outgoing_ticket", ticket_id, intent=asked.external_id)

        def result(number: str) -> Result:
            return Result({"id": number}, after=number)

        found = self._context.actions.do(
            action,
            lambda: self._context.usedesk().create_ticket(asked.subject, asked.text, fields),
            lambda begun_at: self._find(asked.external_id, begun_at),
            result,
        )
        return str(found["id"]) if found else None

    def _find(self, external_id: str, begun_at: datetime) -> str | None:
        """Return the number of the ticket that an earlier try made."""
        usedesk, since = self._context.usedesk(), min(begun_at, self._context.now) - SLACK
        for page in range(PAGES):
            rows = usedesk.tickets(updated_after=since, offset=page * PAGE)
            for row in map(part, rows):
                if text(row.get("additional_id")) == external_id:
                    return text(row.get("id"))
            if len(rows) < PAGE:
                break
        return None
