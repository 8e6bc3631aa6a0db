"""The sandbox's own doors to Usedesk: put a ticket in, do what a person would do, throw the switches."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox import usedesk_shapes as shapes
from sandbox.control import body_object, refuse
from sandbox.core import here
from sandbox.usedesk import UsedeskError, someone, wanted
from sandbox.usedesk_state import CLOSED, SandboxTicket, UsedeskWords

AGENT = 12  # who acts when nobody is named
CLIENT = 5
WIDEST = 14 * 60  # minutes from UTC
SWITCHES = {"rate_limit": "limited", "form": "form", "webhooks": "webhooks"}
CHANGES = ("status", "assignee_id", "group_id", "priority", "type", "subject", "tag", "field_id", "field_value")

routes = Blueprint("usedesk_act", __name__, url_prefix="/sandbox/usedesk")


@routes.errorhandler(UsedeskError)
def say_what_is_wrong(error: UsedeskError) -> ResponseReturnValue:
    """Answer 400: these doors are not Usedesk's."""
    return jsonify({"error": error.message}), 400


@routes.post("/settings")
def settings() -> ResponseReturnValue:
    """Switches: `rate_limit` refuses too many calls, `form` sends forms, `webhooks` false sends nothing.

    `zone`: by how many minutes the dates are ahead of UTC.
    """
    switches, usedesk = body_object(), here().usedesk
    zone = switches.pop("zone", usedesk.zone)
    if isinstance(zone, bool) or not isinstance(zone, int) or abs(zone) > WIDEST:
        refuse(f"zone: whole minutes, {WIDEST} at most")
    for name, on in switches.items():
        if name not in SWITCHES or not isinstance(on, bool):
            refuse(f"true or false for: {', '.join(SWITCHES)}")
        setattr(usedesk, SWITCHES[name], on)
    usedesk.zone = zone
    return jsonify({name: getattr(usedesk, attribute) for name, attribute in SWITCHES.items()} | {"zone": zone})


@routes.put("/tickets/<int:ticket_id>")
def put_ticket(ticket_id: int) -> ResponseReturnValue:
    """Put a ticket in without a webhook: `subject`, `client_id`, `additional_id`, what `act` sets, and `comments`."""
    body, state = body_object(), here().usedesk
    changes = wanted({name: body[name] for name in CHANGES if name in body})
    client = someone("clients", body.get("client_id", CLIENT), "client_id") or CLIENT
    ticket = state.put(ticket_id, str(body.get("subject", "")), client, additional_id=body.get("additional_id"))
    for target, value in changes.items():
        shapes.set_value(ticket, target, value)
    for one in body.get("comments", []):
        sender = one.get("from", "client")
        user = one.get("user_id", AGENT) if sender == "user" else None
        state.write(
            ticket, UsedeskWords(one["message"], sender, one.get("type", "public") == "public", user), quiet=True
        )
    return jsonify(shapes.full(state, ticket))


@routes.get("/tickets/<int:ticket_id>")
def get_ticket(ticket_id: int) -> ResponseReturnValue:
    """A ticket as `/ticket` answers it."""
    return jsonify(shapes.full(here().usedesk, there_is({"ticket_id": ticket_id})))


@routes.post("/act")
def act() -> ResponseReturnValue:
    """Do what a client or an agent would; the webhooks go out as Usedesk sends them."""
    body = body_object()
    if body.get("as") == "client":
        return jsonify(act_as_client(body))
    if body.get("as") == "agent":
        return jsonify(act_as_agent(there_is(body), body))
    refuse("as: client or agent")


def act_as_client(body: dict[str, Any]) -> dict[str, Any]:
    """A new ticket (no `ticket_id`, or a closed one), a `message`, a `rating`, a chat's `text` with its `chat_id`."""
    state = here().usedesk
    ticket = there_is(body) if "ticket_id" in body else None
    if ticket is None or (ticket.status == CLOSED and "message" in body):
        client = ticket.client_id if ticket else someone("clients", body.get("client_id", CLIENT), "client_id")
        ticket = state.put(None, str(body.get("subject", "")), client or CLIENT)
        state.write(ticket, UsedeskWords(said(body), "client", True), quiet=True)
        state.announce(ticket)
        return {"ticket_id": ticket.id}
    if "rating" in body:
        state.rate(ticket, int(body["rating"]))
    elif "text" in body:
        state.chat(ticket, int(body.get("chat_id", ticket.id)), str(body["text"]))
    else:
        return {
            "ticket_id": ticket.id,
            "comment_id": state.write(ticket, UsedeskWords(said(body), "client", True))["id"],
        }
    return {"ticket_id": ticket.id}


def act_as_agent(ticket: SandboxTicket, body: dict[str, Any]) -> dict[str, Any]:
    """A `message` (public unless `private`) and changes with the names of `update/ticket`, in this order."""
    state, done = here().usedesk, {"ticket_id": ticket.id}
    user = someone("users", body.get("user_id", AGENT), "user_id")
    changes = wanted({name: body[name] for name in CHANGES if name in body})
    if "message" in body or not changes:
        words = UsedeskWords(said(body), "user", not body.get("private", False), user)
        done["comment_id"] = state.write(ticket, words)["id"]
    change = state.change(ticket, changes, user)
    return done | ({"change_id": change["id"]} if change else {})


def said(body: dict[str, Any]) -> str:
    """The message; 400 without one."""
    if not isinstance(body.get("message"), str) or not body["message"]:
        refuse("message: a text that is not empty; or another change")
    return str(body["message"])


def there_is(body: dict[str, Any]) -> SandboxTicket:
    """The ticket of `ticket_id`; 400 when there is none."""
    asked = str(body.get("ticket_id"))
    ticket = here().usedesk.tickets.get(int(asked)) if asked.isdecimal() else None
    if ticket is None:
        refuse(f"ticket_id: there is no ticket {asked}")
    return ticket
