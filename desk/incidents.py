"""Mass failures: their tickets, and their end, of which each ticket's owner is told (R-24)."""

from __future__ import annotations

import sqlalchemy as sa

from config.incidents import Incident
from desk.actions import OWN, Action, Result
from desk.context import DeskContext
from desk.issues import Issue
from events import IncidentEvent, TicketEvent, TimerEvent
from store import incidents
from store.incidents import Joined, Row

__all__ = ["IncidentsDesk", "Joined", "Row"]
PIECE = 500  # tickets whose owners are told in one transaction


class IncidentsDesk:
    """Actions and look-ups for mass failures. A ticket is counted in any mode; the mode decides what it is told."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def get(self, number: int) -> Row | None:
        """Return a failure, open or over."""
        with self._context.reading() as connection:
            return incidents.get(connection, number)

    def ticket(self, number: int, source: str, ticket_id: str) -> Joined | None:
        """Return a ticket of a failure."""
        with self._context.reading() as connection:
            return incidents.ticket(connection, number, source, ticket_id)

    def issue_of(self, incident: Incident) -> Issue | None:
        """Return the master issue; `None` if its project is not configured."""
        project = incident.issue_key.split("-", maxsplit=1)[0]
        settings = self._context.config.jira.projects.get(project)
        return Issue(settings.site, incident.issue_key, incident.issue_key, project) if settings else None

    def join(self, event: TicketEvent, incident: Incident, resolution: str | None) -> bool:
        """Count a ticket, or record what it is closed with; True if this delivery was the first to count it."""
        known = self.ticket(incident.id, event.source, event.ticket.id)
        chosen = resolution or (known.resolution if known else None)
        first = known is None or known.delivery == self._context.label
        if known is not None and not first and known.resolution == chosen:
            return False
        about = (incident.id, event.source, event.ticket.id, self._context.label, self._context.now)
        joined = Joined(*about, event.agent.id or (known.agent_id if known else None), chosen)

        def rows(connection: sa.Connection) -> Result:
            if incidents.join(connection, joined):
                return Result(first)
            return Result(False, outcome="refused", reason="the failure is over")

        action = Action(OWN, "join_incident", event.ticket.id, intent=incident.name)
        return bool(self._context.actions.write(action, rows)) or (first and self._context.actions.is_dry)

    def end_on_time(self, event: TimerEvent) -> None:
        """End a failure whose time is up, unless it was prolonged or ended meanwhile."""
        row = self.get(event.number)
        if row is None or row.ended_at is not None or row.turn != event.timer_number:
            return

        def rows(connection: sa.Connection) -> None:
            if incidents.end(connection, row.id, None, self._context.now) is not None:
                ended = IncidentEvent(type="incident.ended", occurred_at=self._context.now, incident=row.id)
                self._context.post(connection, ended)

        self._context.actions.write(Action(OWN, "end_incident", str(row.id), intent=row.name), rows)

    def let_owners_hear(self, number: int) -> None:
        """Post an event for the owner of each ticket, into that ticket's case, so that none delays another."""
        after = ("", "")
        while found := self._piece(number, after):

            def rows(connection: sa.Connection, found: list[tuple[str, str]] = found) -> None:
                about = {"type": "incident.over", "occurred_at": self._context.now, "incident": number}
                events = (IncidentEvent(ticket_source=source, ticket_id=one, **about) for source, one in found)
                self._context.post(connection, *events)

            self._context.actions.write(Action(OWN, "tell_owners", str(number), intent=len(found)), rows)
            after = found[-1]

    def _piece(self, number: int, after: tuple[str, str]) -> list[tuple[str, str]]:
        with self._context.reading() as connection:
            return incidents.piece(connection, number, after, PIECE)
