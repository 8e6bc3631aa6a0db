"""`/closing`: a closing that a button in the agent's browser took from the CRM's form: looked at, then handed over.

The form comes behind the # of the address, which no browser sends or logs; a script of the page puts it into the page.
Nothing is kept before the agent presses the button here, with a session and a token of ours: a foreign page can fill
the form, but not send it.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from events import TicketEvent
from runtime.inbox import Arrival
from store import audit
from store.audit import Change
from web.access.guard import person
from web.agent.closing_check import checked
from web.parts import Parts, UnreadableError, crms
from web.shown import view_of

CLOSING = "ticket.closing"


def blueprint(parts: Parts) -> Blueprint:
    """Make `/closing`, its check, and its button; without WebCRM there is nothing to close."""
    routes = Blueprint("closing_form", __name__)
    if WEBCRM not in crms(parts):
        return routes

    @routes.get("/closing")
    def page() -> str:
        """Show how it works; the page's script sends what came with the address to the check."""
        return render_template("closing.html", event=None)

    @routes.post("/closing/check")
    def check() -> str:
        """Show what was read and what the closing would break; no side effects."""
        body = request.form.get("body", "")
        try:
            event = _closing(parts.taken(body.encode()))
        except UnreadableError as fault:
            return render_template("closing.html", event=None, fault=fault)
        ticket, closing = event.ticket, event.closing
        said = (ticket.type, ticket.subtype, closing.resolution, closing.description)
        shown = [view_of(parts).value(text or "") for text in said]
        return render_template("closing.html", event=event, shown=shown, body=body, **checked(event, parts))

    @routes.post("/closing/send")
    def send() -> ResponseReturnValue:
        """Hand the closing to the bot as if the CRM had sent it; pressed twice it is one event."""
        try:
            arrival = parts.taken(request.form.get("body", "").encode())
            event = _closing(arrival)
        except UnreadableError as fault:
            return render_template("closing.html", event=None, fault=fault)
        if parts.process.inbox.accept(arrival):
            change = Change("closing_sent", f"{WEBCRM}:{event.ticket.id}", after=arrival.delivery_id)
            with parts.process.engine.begin() as connection:
                audit.write(connection, person().actor, change, machine_now())
        return redirect(url_for("card.page", source=WEBCRM, ticket=event.ticket.id, told="closing_sent"), 303)

    return routes


def _closing(arrival: Arrival) -> TicketEvent:
    """Return the event; what an agent did not do by closing a ticket is not for an agent to tell."""
    if not isinstance(arrival.event, TicketEvent) or arrival.type != CLOSING:
        raise UnreadableError(f"$.type: {arrival.type} is not a closing; send {CLOSING}")
    return arrival.event
