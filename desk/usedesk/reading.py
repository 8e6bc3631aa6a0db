"""Look-ups in Usedesk; they change nothing and stand in no ledger."""

from __future__ import annotations

from collections.abc import Sequence

from desk.gates import Refused
from desk.surroundings import Surroundings
from desk.tickets import NOT_FOUND
from desk.usedesk.ticket import Reader
from desk.usedesk.view import UsedeskTicket
from desk.usedesk.zone import Zone


class Reading:
    """Reads tickets as they stand in Usedesk now."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._zone = Zone(around.engine)

    @property
    def own(self) -> str:
        """The bot's agent."""
        return self._around.usedesk().agent_id

    def read(self, ticket_id: str) -> UsedeskTicket | None:
        """A ticket with its comments; None when there is none."""
        try:
            answer = self._around.usedesk().ticket(ticket_id)
        except Refused as refused:
            if refused.trouble.status != NOT_FOUND:
                raise
            return None
        return self._reader().ticket(answer)

    def of_client(self, client_id: str, statuses: Sequence[str]) -> list[UsedeskTicket]:
        """The client's tickets in these statuses, without their comments; at most a page of them."""
        rows = self._around.usedesk().tickets(client=client_id, statuses=statuses)
        reader = self._reader()
        return [reader.ticket({"ticket": row}) for row in rows]

    def _reader(self) -> Reader:
        return Reader(self.own, self._zone.get())
