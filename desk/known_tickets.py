"""What an event of a CRM, or the CRM's own list, tells of a ticket for the search of duplicates."""

from __future__ import annotations

from datetime import datetime

from events import Ticket, TicketEvent
from events.secrets import hide_secrets
from store.known_tickets import KnownTicket

__all__ = ["KnownTicket", "is_partners", "known", "known_by", "names_another", "party_of", "plain"]
CLIENTS = ("partner", "client", "customer", "seller")
CLOSED = "Закрыт"
LONGEST = 1000  # characters of what was asked
_LENGTHS = {"party": 120, "type": 200, "subtype": 200}  # the others have 64, as `store/tables/duplicates.py` says


def party_of(ticket: Ticket) -> str | None:
    """Whose a ticket is: a seller's, or a customer's (W-10, R-43); None: nobody knows."""
    if (ticket.audience or "partner") == "partner":
        return f"partner:{ticket.seller.id}" if ticket.seller.id else None
    return f"customer:{ticket.client.id}" if ticket.client.id else None


def is_partners(ticket: KnownTicket) -> bool:
    """Whether a seller wrote it, whom the manual lets be told of a merger (C-04)."""
    return (ticket.party or "").startswith("partner:")


def known(source: str, ticket: Ticket, told_at: datetime, status: str | None) -> KnownTicket:
    """A ticket as somebody told of it."""
    values: dict[str, str | None] = {
        name: getattr(ticket, name)
        for name in ("channel", "channel_kind", "type", "subtype", "order_no", "shipment_no", "supply_no")
    }
    values |= {"party": party_of(ticket), "status": status}
    cut = {name: _storable(value)[: _LENGTHS.get(name, 64)] or None for name, value in values.items() if value}
    return KnownTicket(source, ticket.id, told_at, text=_asked(ticket) or None, created_at=ticket.created_at, **cut)


def known_by(event: TicketEvent) -> KnownTicket:
    """The ticket of an event: one that was closed is closed, whatever its CRM still calls it."""
    change = event.change
    changed = change.after if change is not None and change.field == "status" else None
    status = CLOSED if event.type == "ticket.closed" else event.ticket.status or changed
    return known(event.source, event.ticket, event.occurred_at, status)


def _asked(ticket: Ticket) -> str:
    """What the client asked at first: the subject and the first words, up to the first answer."""
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
    """Without what PostgreSQL refuses."""
    return text.replace("\x00", "")


def names_another(number: str | None, own: str) -> bool:
    """Whether a number is that of another ticket: neither empty nor a ticket's own (W-15, R-49)."""
    return plain(number) not in ("", plain(own))


def plain(number: str | None) -> str:
    """A ticket's number without what people write before it."""
    return (number or "").strip().lstrip("№#").strip()
