"""«Похоже на дубликат» on the agent's card: similar tickets, the reasons, and the draft of M-1 (W-12…W-16)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from desk.known_tickets import is_partners, names_another
from desk.similarity import Similar, similar
from events import DuplicateEvent
from runtime.own_events import post
from store import audit, known_tickets, merged_tickets
from store.audit import Change
from store.known_tickets import KnownTicket
from web.access.guard import person
from web.parts import Parts, crms

_MOST = 10  # tickets that are shown
Note = Callable[..., str]


@dataclass(frozen=True)
class OtherTicket:
    """Another ticket; `merged`: the ticket it was merged into; `text`: M-1 where it may be sent (W-13, W-15)."""

    number: str
    status: str
    working: bool
    reasons: Sequence[str]
    merged: str | None
    text: str | None


@dataclass(frozen=True)
class Panel:
    """What the card shows. `original`: the ticket this one was merged into; `joined`: those merged into it."""

    others: Sequence[OtherTicket]
    original: KnownTicket | None
    joined: Sequence[str]


def panel(connection: sa.Connection, config: Config, note: Note, place: tuple[str, str], now: datetime) -> Panel | None:
    """Return the present duplicates of a ticket (source, id).

    None when there are none, the ticket is unknown, or duplicates are not looked for (W-09).
    """
    ticket = known_tickets.get(connection, *place)
    if ticket is None or config.rules.mode("W-09") == "off":
        return None
    table = config.duplicates
    near = known_tickets.others(connection, ticket, now - table.within, table.most)
    alike = similar(ticket, near, config)[:_MOST]
    merged = merged_tickets.of_tickets(
        connection, ticket.source, [ticket.ticket_id, *(one.ticket.ticket_id for one in alike)]
    )
    own = merged.get(ticket.ticket_id)
    joined = merged_tickets.into(connection, ticket.source, ticket.ticket_id, _MOST)
    shown = [one for one in alike if one.ticket.ticket_id not in (*joined, own)]
    open_ = own is None and is_partners(ticket) and not table.is_closed(ticket.status)
    others = [_other(one, merged.get(one.ticket.ticket_id), config, note, own=ticket.ticket_id if open_ else None)
              for one in shown]  # fmt: skip
    original = known_tickets.get(connection, ticket.source, own) if own else None
    return Panel(others, original, joined) if others or original or joined else None


def _other(one: Similar, merged: str | None, config: Config, note: Note, *, own: str | None) -> OtherTicket:
    """Describe another ticket; `own`: the number of the ticket whose partner may be told, if any."""
    number, working = one.ticket.ticket_id, config.duplicates.is_working(one.ticket.status)
    may = own is not None and working and merged is None and names_another(number, own)
    reasons = [note("duplicate_reason", **reason._asdict()) for reason in one.reasons]
    return OtherTicket(
        number, one.ticket.status or "", working, reasons, merged, note("m1", number=number) if may else None
    )


def blueprint(parts: Parts) -> Blueprint:
    """Make `POST /tickets/webcrm/<id>/duplicate`: «Положить черновик в тикет»."""
    routes = Blueprint("duplicates", __name__)

    @routes.post("/tickets/webcrm/<ticket>/duplicate")
    def draft(ticket: str) -> ResponseReturnValue:
        """File the event; whether M-1 may be written is decided when it is handled (W-13, W-15)."""
        number = request.form.get("original", "")
        with parts.process.engine.begin() as connection:
            known = known_tickets.get(connection, WEBCRM, ticket)
            original = known_tickets.get(connection, WEBCRM, number)
            if WEBCRM not in crms(parts) or known is None or original is None or not names_another(number, ticket):
                abort(404)
            post(connection, _asked(ticket, number, parts.process.clock.now()))
            change = Change("said_duplicate", f"{WEBCRM}:{ticket}", after=number)
            audit.write(connection, person().actor, change, machine_now())
        return redirect(url_for("card.page", source=WEBCRM, ticket=ticket, told="said_duplicate"), 303)

    return routes


def _asked(ticket: str, original: str, now: datetime) -> DuplicateEvent:
    return DuplicateEvent(
        type="duplicate.asked", occurred_at=now, key=secrets.token_urlsafe(12), ticket_source=WEBCRM, ticket_id=ticket,
        original=original, by=person().email,
    )  # fmt: skip
