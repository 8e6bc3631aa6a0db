"""«На удержании» for a ticket in Usedesk: a department is asked, and the ticket waits for it (U-12, U-14)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from desk.clock import machine_now
from desk.usedesk.client import SYSTEM as USEDESK
from events import Closing, TicketEvent
from events.tickets import DepartmentRequest
from runtime.own_events import post
from store import audit, tickets
from store.audit import Change
from store.requests import OPEN, Request
from web.access.guard import person
from web.agent.crm_events import told_by_crm
from web.parts import Parts, crms

_LONGEST = 5000  # characters of a question


def choices(parts: Parts, config: Config, requests: Sequence[Request]) -> Sequence[str]:
    """Return the names of the departments that can be asked: those from which no answer to the ticket is awaited.

    None where the bot does not work in Usedesk.
    """
    if USEDESK not in crms(parts):
        return ()
    awaited = {one.department for one in requests if one.state == OPEN}
    known = config.departments.departments.items()
    return [one.name for name, one in known if not one.is_group and name not in awaited]


def blueprint(parts: Parts) -> Blueprint:
    """Make `POST /tickets/usedesk/<id>/department`."""
    routes = Blueprint("department_hold", __name__)

    @routes.post("/tickets/usedesk/<ticket>/department")
    def ask(ticket: str) -> ResponseReturnValue:
        """File the request; the handler puts the ticket «На удержании» and makes the outgoing one."""
        config = parts.process.effective_config.current()
        name, text = (request.form.get(field, "").replace("\x00", "").strip() for field in ("department", "text"))
        with parts.process.engine.begin() as connection:
            known = told_by_crm(connection, USEDESK, ticket)
            if not known or USEDESK not in crms(parts):
                abort(404)
            stands = tickets.standing(connection, USEDESK, ticket)
            asked = name in choices(parts, config, stands.requests) and bool(text)
            if asked:
                post(connection, _asking(known[0], name, text[:_LONGEST], parts.process.clock.now()))
                change = Change("said_department", f"{USEDESK}:{ticket}", after=name)
                audit.write(connection, person().actor, change, machine_now())
        told = "said_department" if asked else "said_not_asked"
        return redirect(url_for("card.page", source=USEDESK, ticket=ticket, told=told), 303)

    return routes


def _asking(last: TicketEvent, department: str, text: str, now: datetime) -> TicketEvent:
    """Return the event that a CRM would have sent; `last`: what Usedesk told of the ticket last."""
    key = secrets.token_urlsafe(12)
    nothing = {"message_id": None, "draft_of": None, "case": None, "change": None, "changes": (), "closing": Closing()}
    asked = DepartmentRequest(department=department, text=text)
    return last.model_copy(
        update={"id": key, "type": "request.created", "occurred_at": now, "request": asked, **nothing}
    )
