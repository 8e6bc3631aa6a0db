"""What a CRM's event, or its own list, says about a ticket for the search for duplicates."""

from __future__ import annotations

from datetime import datetime

from events import Ticket, TicketEvent
from events.secrets import hide_secrets
from store.known_tickets import KnownTicket

__all__ = ["KnownTicket", "is_partners", "known", "known_by", "names_another", "party_of", "plain"]
CLIENTS = ("partner", "client", "customer", "seller")
CLOSED = "Закрыт"
LONGEST = 1000  # characters of what was asked
_LENGTHS = {"party": 120, "type": 200, "subtype": 200}  # 64 for the others, as in `store/tables/duplicates.py`


def party_of(ticket: Ticket) -> str | None:
    """Return whose ticket it is, a seller's or a customer's (W-10, R-43); `None` if unknown."""
    if (ticket.audience or "partner") == "partner":
        return f"partner:{ticket.seller.id}" if ticket.seller.id else None
    return f"customer:{ticket.client.id}" if ticket.client.id else None


def is_partners(ticket: KnownTicket) -> bool:
    """Whether a seller wrote it: only sellers may be told of a merge, by the manual (C-04)."""
    return (ticket.party or "").startswith("partner:")


def known(source: str, ticket: Ticket, told_at: datetime, status: str | None) -> KnownTicket:
    """Return a ticket as described by a source at a moment."""
    values: dict[str, str | None] = {
        name: getattr(ticket, name)
        for name in ("channel", "channel_kind", "type", "subtype", "order_no", "shipment_no", "supply_no")
    }
    values |= {"party": party_of(ticket), "status": status}
    cut = {name: _storable(value)[: _LENGTHS.get(name, 64)] or None for name, value in values.items() if value}
    return KnownTicket(source, ticket.id, told_at, text=_asked(ticket) or None, created_at=ticket.created_at, **cut)


def known_by(event: TicketEvent) -> KnownTicket:
    """Return the ticket of an event; after `ticket.closed` it counts as closed, whatever status the CRM sends."""
    change = event.change
    changed = change.after if change is not None and change.field == "status" else None
    status = CLOSED if event.type == "ticket.closed" else event.ticket.status or changed
    return known(event.source, event.ticket, event.occurred_at, status)


def _asked(ticket: Ticket) -> str:
    """Return what the client asked initially: the subject and the client's messages up to the first answer."""
    words, left = [ticket.subject or ""], LONGEST
    for message in ticket.messages:
        if not message.public:
            continue
        if (message.author.role or "client").casefold() not in CLIENTS:
            break
        words.append(message.text[:left])
        left -= len(message.text)
        if left <= 0:
            break
    return _storable(hide_secrets("\n".join(filter(None, words))))[:LONGEST]


def _storable(text: str) -> str:
    """Return the text without characters that PostgreSQL refuses."""
    return text.replace("\x00", "")


def names_another(number: str | None, own: str) -> bool:
    """Whether a number is another ticket's: neither empty nor the ticket's own (W-15, R-49)."""
    return plain(number) not in ("", plain(own))


def plain(number: str | None) -> str:
    """Return a ticket's number without the sign that people write before it."""
    return (number or "").strip().lstrip("№#").strip()
