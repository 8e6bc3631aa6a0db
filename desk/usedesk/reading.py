"""Look-ups in Usedesk; they change nothing and stand in no ledger."""

from __future__ import annotations

from collections.abc import Sequence

from desk.sight import Place, seen_or_gone
from desk.surroundings import Surroundings
from desk.usedesk.client import SYSTEM
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
        """A ticket with its comments; None when there is none for certain (`desk.sight`)."""
        usedesk = self._around.usedesk()
        place = Place(SYSTEM, "Usedesk", usedesk.see_groups, "check what its token may see")
        answer = seen_or_gone(self._around, lambda: usedesk.ticket(ticket_id), lambda: place)
        return self._reader().ticket(answer) if answer is not None else None

    def of_client(self, client_id: str, statuses: Sequence[str]) -> list[UsedeskTicket]:
        """The client's tickets in these statuses, without their comments; at most a page of them."""
        rows = self._around.usedesk().tickets(client=client_id, statuses=statuses)
        reader = self._reader()
        return [reader.ticket({"ticket": row}) for row in rows]

    def _reader(self) -> Reader:
        return Reader(self.own, self._zone.get())
