"""Look-ups in Usedesk; they change nothing and are not in the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from desk.context import DeskContext
from desk.faults import AbsentError
from desk.sight import Place, seen_or_gone
from desk.tickets import Words
from desk.usedesk.client import SYSTEM
from desk.usedesk.memory import Asker
from desk.usedesk.ticket import Reader
from desk.usedesk.view import UsedeskComment, UsedeskTicket
from desk.usedesk.zone import Zone


class UsedeskReading:
    """Reads tickets as they are in Usedesk now."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._memory = context.memory
        self._asker = Asker(context.case, context.now)
        self._zone = Zone(context.engine)

    @property
    def own(self) -> str:
        """The id of the bot's agent."""
        return self._context.usedesk().agent_id

    def read(self, ticket_id: str) -> UsedeskTicket | None:
        """Return a ticket with its comments, from memory or as it is in Usedesk now; `None` as in `read_anew`."""
        seen = self._memory.ticket(ticket_id, self._asker)
        return seen.value if seen is not None else self.read_anew(ticket_id)

    def read_anew(self, ticket_id: str) -> UsedeskTicket | None:
        """Return a ticket with its comments as it is now.

        `None` if it certainly does not exist (`desk.sight`), or without Usedesk.
        """
        try:
            usedesk = self._context.usedesk()
        except AbsentError:
            return None
        heard = self._memory.heard(ticket_id)
        place = Place(SYSTEM, "Usedesk", usedesk.see_groups, "check what its token may see")
        answer = seen_or_gone(self._context, lambda: usedesk.ticket(ticket_id), lambda: place)
        ticket = self._reader().ticket(answer) if answer is not None else None
        self._memory.keep_ticket(ticket_id, ticket, heard, self._asker)
        return ticket

    def forget(self, ticket_id: str) -> None:
        """Read a ticket anew next time: the bot has changed it."""
        self._memory.forget(ticket_id)

    def of_client(self, client_id: str, statuses: Sequence[str]) -> list[UsedeskTicket]:
        """Return the client's tickets in these statuses, without comments; at most one page of them."""
        name = f"{client_id} {' '.join(statuses)}"
        known = self._memory.listed(name, self._asker)
        if known is not None:
            return known
        rows, reader = self._context.usedesk().tickets(client=client_id, statuses=statuses), self._reader()
        found = [reader.ticket({"ticket": row}) for row in rows]
        self._memory.keep_list(name, found, self._asker)
        return found

    def own_comment(self, ticket_id: str, number: str, words: Words) -> UsedeskComment:
        """Return a comment that the bot has just written, as it is in Usedesk."""
        return UsedeskComment(
            number, ticket_id, self._context.now, "bot", self.own, words.public, words.text, first=False
        )

    def _reader(self) -> Reader:
        return Reader(self.own, self._zone.get())
