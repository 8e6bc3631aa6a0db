"""The sandbox's WebCRM: the contract of `docs/webcrm.openapi.yml`."""

from __future__ import annotations

import copy
import hmac
import mimetypes
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here

OPEN, CLOSED, ESCALATED = "В работе", "Закрыт", "Эскалирован"
SELLER: dict[str, Any] = {"id": None, "name": None, "legal_entity": None, "email": None, "jira_account_id": None,
          "schemes": [], "size": None, "top": False}  # fmt: skip
CLIENT: dict[str, Any] = {"id": None, "name": None, "is_legal_entity": False, "badges": []}
TICKET: dict[str, Any] = {
    "audience": "partner",
    "channel": "chat",
    "channel_kind": "Обычный",
    "status": OPEN,
    "topics": [],
    "subject": "",
    "packages": [],
    "messages": [],
    **dict.fromkeys(("type", "subtype", "order_no", "shipment_no", "supply_no", "warehouse", "city", "platform")),
    **dict.fromkeys(("payment_method", "jira_key", "hold", "closing", "escalation")),
}
CHANGEABLE = ("jira_key", "status", "hold", "type", "subtype", "topics", "warehouse", "subject")
CLOSING = ("resolution", "comment", "nto_reason")
CHOSEN = ("type", "subtype")  # may be set with the closing
ESCALATION = ("reason", "comment", "resolution", "reason_type", "reason_subtype")
MOST = 200  # tickets of a list
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
    "1ff89993d1d0000000049454e44ae426082"
)

routes = Blueprint("webcrm", __name__, url_prefix="/webcrm")


class CrmError(Exception):
    """A refusal in WebCRM's shape."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep what the answer will say."""
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


@routes.errorhandler(CrmError)
def refuse(error: CrmError) -> ResponseReturnValue:
    """Answer a refusal."""
    return jsonify({"code": error.code, "message": error.message}), error.status


@routes.before_request
def check_token() -> None:
    """Only the bearer of the token comes in."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), here().settings.webcrm_token.encode()):
        raise CrmError(401, "unauthorized", "A bearer token is required.")


def put_ticket(ticket_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """Put a ticket into the CRM, whole: the neutral event's `ticket` with the gaps filled."""
    now = here().clock.now().isoformat()
    filled = copy.deepcopy(TICKET) | {"url": f"https://webcrm.example/tickets/{ticket_id}", "created_at": now}
    ticket = {**filled, **given, "id": ticket_id}
    ticket["seller"] = {**SELLER, **(given.get("seller") or {})}
    ticket["client"] = {**CLIENT, **(given.get("client") or {})}
    here().tickets[ticket_id] = ticket
    return ticket


def ticket_or_refuse(ticket_id: str) -> dict[str, Any]:
    """The ticket; raise CrmError 404."""
    if ticket_id not in here().tickets:
        raise CrmError(404, "not_found", f"There is no ticket {ticket_id}.")
    return here().tickets[ticket_id]


def read_body(known: tuple[str, ...]) -> dict[str, Any]:
    """The request's object, of known keys alone; raise CrmError 400."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise CrmError(400, "bad_request", "The body must be a JSON object.")
    if unknown := sorted(set(body) - set(known)):
        raise CrmError(400, "bad_request", f"Unknown: {', '.join(unknown)}")
    return body


@routes.get("/tickets")
def find_tickets() -> ResponseReturnValue:
    """The tickets of a seller or of a client, the newest first, at most `limit`."""
    asked = [(owner, value) for owner in ("seller", "client") if (value := request.args.get(f"{owner}_id"))]
    if len(asked) != 1:
        raise CrmError(400, "bad_request", "One of seller_id and client_id is required.")
    limit = request.args.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
        raise CrmError(400, "bad_request", f"limit: 1 to {MOST}")
    ((owner, number),) = asked
    found = [ticket for ticket in here().tickets.values() if str(ticket[owner]["id"]) == number]
    newest = sorted(found, key=lambda ticket: str(ticket["created_at"]), reverse=True)
    return jsonify({"tickets": newest[: int(limit)]})


@routes.get("/tickets/<ticket_id>")
def get_ticket(ticket_id: str) -> ResponseReturnValue:
    """One ticket."""
    return jsonify(ticket_or_refuse(ticket_id))


@routes.get("/files/<name>")
def get_file(name: str) -> ResponseReturnValue:
    """A file that a client sent: a picture of one point, or what else the name's ending means."""
    kind = mimetypes.guess_type(name)[0]
    if kind is None:
        raise CrmError(404, "not_found", f"There is no file {name}.")
    return Response(PICTURE if kind.startswith("image/") else b"?", content_type=kind)


@routes.patch("/tickets/<ticket_id>")
def change_ticket(ticket_id: str) -> ResponseReturnValue:
    """Set what is given."""
    ticket, body = ticket_or_refuse(ticket_id), read_body(CHANGEABLE)
    ticket.update(body)
    return jsonify(ticket)


def replayed() -> tuple[str, ResponseReturnValue | None]:
    """This call's idempotency key, with the answer that it already had; raise CrmError 400 without a key."""
    given = request.headers.get("Idempotency-Key", "")
    if not given:
        raise CrmError(400, "idempotency_key_required", "Every POST needs an Idempotency-Key.")
    key = f"{request.path} {given}"
    if key not in here().answered:
        return key, None
    status, body = here().answered[key]
    return key, (jsonify(body), status)


def remember(key: str, status: int, body: dict[str, Any]) -> ResponseReturnValue:
    """Answer, and keep the answer for the same key."""
    here().answered[key] = (status, copy.deepcopy(body))
    return jsonify(body), status


@routes.post("/tickets/<ticket_id>/messages")
def add_message(ticket_id: str) -> ResponseReturnValue:
    """Write a message into a ticket: `visibility` public or internal; a draft waits for an agent."""
    ticket, (key, answer) = ticket_or_refuse(ticket_id), replayed()
    if answer is not None:
        return answer
    body = read_body(("visibility", "text", "draft"))
    if body.get("visibility") not in ("public", "internal"):
        raise CrmError(400, "bad_request", "visibility: public or internal")
    if not isinstance(body.get("text"), str) or not body["text"]:
        raise CrmError(400, "bad_request", "text: a text that is not empty")
    message = {
        "id": f"m-{here().jira.next_id()}",
        "at": here().clock.now().isoformat(),
        "author": {"role": "bot", "id": None},
    }
    message |= {"visibility": body["visibility"], "kind": "message", "text": body["text"]}
    ticket["messages"].append({**message, "attachments": [], "draft": bool(body.get("draft", False))})
    return remember(key, 201, {"id": message["id"]})


@routes.post("/tickets/<ticket_id>/close")
def close_ticket(ticket_id: str) -> ResponseReturnValue:
    """Close a ticket; one that is closed answers 409."""
    ticket, (key, answer) = ticket_or_refuse(ticket_id), replayed()
    if answer is not None:
        return answer
    body = read_body((*CLOSING, *CHOSEN))
    if ticket["status"] == CLOSED:
        raise CrmError(409, "already_closed", f"The ticket {ticket_id} is closed already.")
    ticket["status"] = CLOSED
    ticket.update({name: body.pop(name) for name in CHOSEN if name in body})
    ticket["closing"] = {**dict.fromkeys(CLOSING), **body, "at": here().clock.now().isoformat()}
    return remember(key, 200, ticket)


@routes.post("/tickets/<ticket_id>/escalate")
def escalate_ticket(ticket_id: str) -> ResponseReturnValue:
    """Hand a ticket on to the next line; one that is closed, or handed on, answers 409."""
    ticket, (key, answer) = ticket_or_refuse(ticket_id), replayed()
    if answer is not None:
        return answer
    body = read_body((*ESCALATION, *CHOSEN))
    if ticket["status"] in (CLOSED, ESCALATED):
        raise CrmError(409, "already_closed", f"The ticket {ticket_id} is closed or handed on already.")
    ticket["status"] = ESCALATED
    ticket.update({name: body.pop(name) for name in CHOSEN if name in body})
    ticket["escalation"] = {**dict.fromkeys(ESCALATION), **body, "at": here().clock.now().isoformat()}
    return remember(key, 200, ticket)
