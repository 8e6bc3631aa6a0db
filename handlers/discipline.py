"""Checks of how agents work in WebCRM: their status, who assigns tickets, one ticket at a time (W-05…W-08, R-54).

The findings are only for the lead's page: nothing is written into the tickets, and no text names anybody.
"""

from __future__ import annotations

from datetime import datetime

from desk.desk import Desk
from events import TicketEvent
from handlers.closings import OURS
from handlers.usedesk_checks import message_of

LONGEST = 64  # characters of an agent's id


def check_status(event: TicketEvent, desk: Desk) -> None:
    """An agent works on a ticket in another status than «На линии» (W-05)."""
    agent = _agent(event, desk)
    if agent is None or desk.mode("W-05") == "off" or not _acts(event):
        return
    kept = None if event.agent.status else desk.assignments.status(agent)
    status = event.agent.status or (kept[0] if kept else None)
    if status and not desk.config.webcrm.is_on_line(status):
        words = desk.note("not_on_line", status=status)
        desk.notices.show_lead(event.ticket.id, f"status:{agent}", words, why="W-05")


def follow_assignment(event: TicketEvent, desk: Desk) -> None:
    """The router gives each ticket to an agent (W-07): not the agent (W-06), one at a time (W-08), and not right before
    a rest (R-54)."""
    agent = _agent(event, desk)
    if agent is None or desk.mode("W-07") == "off":
        return
    ticket, at = event.ticket.id, event.ticket.assigned_at or event.occurred_at
    if event.assigned_by.id is not None and event.assigned_by.id[:LONGEST] == agent:
        desk.notices.show_lead(ticket, f"self:{agent}", desk.note("self_assigned"), why="W-06")
    desk.assignments.keep(ticket, agent, at)
    rest = desk.assignments.status(agent) if desk.mode("R-54") != "off" else None
    if rest is not None and desk.config.webcrm.is_resting(rest[0]):
        _check_rest(agent, ticket, (at, rest[1]), desk)
    if desk.mode("W-08") != "off":
        _check_others(agent, ticket, desk)


def follow_rest(event: TicketEvent, desk: Desk) -> None:
    """An agent goes to rest with a ticket that came a moment ago: the status is changed before the closing (R-54)."""
    agent = _agent(event, desk)
    if agent is None or desk.mode("R-54") == "off" or not desk.config.webcrm.is_resting(event.agent.status):
        return
    for ticket, at in desk.assignments.of_agent(agent):
        _check_rest(agent, ticket, (at, event.occurred_at), desk)


def end_assignment(event: TicketEvent, desk: Desk) -> None:
    """A ticket that is closed or handed on is nobody's (W-08)."""
    if event.source == desk.crm.source and event.type in ("ticket.closed", "ticket.escalated"):
        desk.assignments.end(event.ticket.id)


def _check_rest(agent: str, ticket: str, moments: tuple[datetime, datetime], desk: Desk) -> None:
    assigned, rested = moments
    if assigned <= rested <= assigned + desk.config.webcrm.delays.rest:
        words = desk.note("rested_with_ticket", seconds=int((rested - assigned).total_seconds()))
        desk.notices.show_lead(ticket, f"rest:{agent}:{assigned:%y%m%d%H%M%S}", words, why="R-54")


def _check_others(agent: str, ticket: str, desk: Desk) -> None:
    """Report the agent's other tickets that are open in the CRM; forget those that ended without an event."""
    for other, _ in desk.assignments.of_agent(agent):
        if other == ticket:
            continue
        if desk.crm.is_over(other):
            desk.assignments.end(other)
        else:
            desk.notices.show_lead(ticket, f"other:{other}", desk.note("second_ticket", other=other), why="W-08")


def _agent(event: TicketEvent, desk: Desk) -> str | None:
    agent = event.agent.id
    return agent[:LONGEST] if event.source == desk.crm.source and agent else None


def _acts(event: TicketEvent) -> bool:
    """Return whether the agent did what the event reports."""
    message = message_of(event) if event.type == "ticket.message" else None
    return event.type != "ticket.message" or (message is not None and message.author.role in OURS)
