"""Mass failures (R-24): their tickets are counted and linked, and the owners are told when the failure is over."""

from __future__ import annotations

from desk.desk import Desk
from desk.tickets import Telling
from events import IncidentEvent, TicketEvent, TimerEvent
from handlers.closing_checks import Facts

RULE = "R-24"
_ANSWERED = ("solved", "nto", "spam", "duplicate")  # nothing more is said to the client


def join_incident(event: TicketEvent, desk: Desk) -> None:
    """A ticket of an open failure: count it, link it to the master issue, and tell its agent, each once (R-24)."""
    crm = desk.crm_of(event.source)
    if crm is None or desk.mode(RULE) == "off":
        return
    facts = Facts(event, desk.config)
    found = facts.incident
    if found is None or (event.source == desk.usedesk.source and not desk.checks.concerns(event)):
        return
    if not desk.incidents.join(event, found, facts.resolution):
        return
    issue = desk.incidents.issue_of(found)
    if issue is not None:
        desk.jira.relations.link_back(issue, event, why=RULE)
    values = {"failure": found.name, "key": found.issue_key, "linked": issue is not None and bool(event.ticket.url)}
    crm.tell(event.ticket.id, Telling("incident_joined", values, optional=True, warns=True), why=RULE)


def end_on_time(event: TimerEvent, desk: Desk) -> None:
    """A failure lasts until the moment that its lead has set (R-24)."""
    if event.of == "incident":
        desk.incidents.end_on_time(event)


def let_owners_hear(event: IncidentEvent, desk: Desk) -> None:
    """A failure is over: the owner of each of its tickets is to be told (R-24)."""
    desk.incidents.let_owners_hear(event.incident)


def tell_owner(event: IncidentEvent, desk: Desk) -> None:
    """The failure is over, and the client of this ticket has no answer yet (R-24)."""
    crm = desk.crm_of(event.ticket_source or "")
    if crm is None or event.ticket_source is None or event.ticket_id is None:
        return
    row = desk.incidents.get(event.incident)
    joined = desk.incidents.ticket(event.incident, event.ticket_source, event.ticket_id)
    if row is None or joined is None or joined.resolution in _ANSWERED:
        return
    if event.ticket_source == desk.usedesk.source and desk.usedesk.is_over(event.ticket_id):
        return
    values = {"failure": row.name, "key": row.issue_key}
    crm.tell(event.ticket_id, Telling("incident_over", values, optional=True, warns=True), why=RULE)
