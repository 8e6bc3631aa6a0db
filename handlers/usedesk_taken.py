"""When a ticket is taken: what the agent should look at first, in one private note (U-03, U-04, U-34…U-36)."""

from __future__ import annotations

from urllib.parse import quote

from desk.desk import Desk
from desk.usedesk.view import value_of
from events import TicketEvent
from handlers.usedesk_checks import changed

TAKEN = "taken"
RULES = ("U-03", "U-04", "U-34", "U-35", "U-36")


def list_neighbours(event: TicketEvent, desk: Desk) -> None:
    """The client's other open tickets, where the history is, and the headings of the check-list; once per ticket."""
    assignee = changed(event, "assignee")
    if assignee is None or not assignee.after or not desk.checks.concerns(event):
        return
    ticket, settings = event.ticket, desk.config.usedesk
    if any(desk.checks.was_told(ticket.id, TAKEN, rule) for rule in RULES):
        return
    category = value_of(ticket.custom_fields, settings.category_field)[1]
    parts = {
        "U-03": desk.checks.agree(ticket.id, "others", why="U-03"),
        "U-04": desk.checks.agree(ticket.id, "history", why="U-04"),
        "U-34": desk.checks.agree(ticket.id, "talk", why="U-34"),
        "U-35": desk.checks.agree(ticket.id, "gsis", why="U-35"),
        "U-36": settings.is_non_core(category) and desk.checks.agree(ticket.id, "non_core", why="U-36"),
    }
    why = next((rule for rule, agreed in parts.items() if agreed), None)
    if why is None:
        return
    client = ticket.client.id
    others = desk.checks.others(client, ticket.id) if parts["U-03"] and client else []
    values = {
        "others": [f"№ {one.id} «{one.subject}»" if one.subject else f"№ {one.id}" for one in others],
        "history": _history(event, desk),
        "parts": [rule for rule, agreed in parts.items() if agreed],
    }
    desk.checks.tell(ticket.id, TAKEN, "ticket_taken", why=why, **values)


def _history(event: TicketEvent, desk: Desk) -> list[str]:
    """Return where to look up the client's history, with links by the values of the ticket's fields (U-04)."""
    found = []
    for place in desk.config.usedesk.history:
        value = value_of(event.ticket.custom_fields, place.field)[1]
        found.append(f"{place.name}: {place.url.replace('{value}', quote(value, safe=''))}" if value else place.name)
    return found
