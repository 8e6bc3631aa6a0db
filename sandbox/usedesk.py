"""The sandbox's Usedesk: the methods of its API that the bot uses. Every refusal is a 200 with `error` and `code`."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import usedesk_shapes as shapes
from sandbox.core import here
from sandbox.usedesk_search import found
from sandbox.usedesk_state import PRIORITIES, STATUSES, TYPES, SandboxTicket, UsedeskState, UsedeskWords

NOBODY = "null"
SUBJECT = 255

routes = Blueprint("usedesk", __name__, url_prefix="/usedesk")


class UsedeskError(Exception):
    """A refusal in Usedesk's shape."""

    def __init__(self, code: int, message: str) -> None:
        """Keep what the answer will say."""
        super().__init__(code, message)
        self.code, self.message = code, message


@routes.errorhandler(UsedeskError)
def refuse(error: UsedeskError) -> ResponseReturnValue:
    """Answer a refusal: 200, as Usedesk does."""
    return jsonify({"error": error.message, "code": error.code})


@routes.before_request
def check_caller() -> None:
    """Only the bearer of the token comes in, and not too often."""
    if here().usedesk.busy(request.remote_addr or ""):
        raise UsedeskError(129, "Too many requests: the limit is 150 per minute")
    token = given().get("api_token")
    if not token:
        raise UsedeskError(110, "api_token is required")
    if not hmac.compare_digest(str(token).encode(), here().settings.usedesk_token.encode()):
        raise UsedeskError(111, "Wrong api_token")


def given() -> dict[str, Any]:
    """The call's parameters: JSON, form fields or query."""
    body = (
        request.get_json(force=True, silent=True) if request.mimetype != "application/x-www-form-urlencoded" else None
    )
    return {**request.args.to_dict(), **request.form.to_dict(), **(body if isinstance(body, dict) else {})}


def state() -> UsedeskState:
    """This sandbox's Usedesk."""
    return here().usedesk


def number(value: Any, name: str) -> int:
    """A whole number, as a number or a string; raise UsedeskError otherwise."""
    if not str(value).isdecimal():
        raise UsedeskError(122, f"{name} is required" if value in (None, "") else f"{name} must be a number")
    return int(value)


def someone(kind: str, value: Any, name: str) -> int | None:
    """The id of a user, group or client that there is; `null` is nobody."""
    if value is None or value == NOBODY:
        return None
    id_ = number(value, name)
    if state().person(kind, id_) is None:
        raise UsedeskError(104, f"{name}: not found")
    return id_


def asked_ticket() -> SandboxTicket:
    """The ticket that `ticket_id` names."""
    ticket = state().tickets.get(number(given().get("ticket_id"), "ticket_id"))
    if ticket is None:
        raise UsedeskError(104, "Ticket not found")
    return ticket


def asked_text(name: str) -> str:
    """A text that must be there."""
    text = given().get(name)
    if not isinstance(text, str) or not text:
        raise UsedeskError(122, f"{name} is required")
    return text


def wanted(body: dict[str, Any]) -> dict[str, Any]:
    """What a call sets, by webhook target; `status_id` is no parameter of Usedesk's, `status` is."""
    changes: dict[str, Any] = {}
    for name, known in (("priority", PRIORITIES), ("type", TYPES)):
        if name in body:
            changes[name] = one_of(body[name], known, name)
    if "status" in body:
        changes["status_id"] = one_of(number(body["status"], "status"), tuple(STATUSES), "status")
    for name, kind, target in (("assignee_id", "users", "assignee_id"), ("group_id", "groups", "group")):
        if name in body:
            changes[target] = someone(kind, body[name], name)
    if "subject" in body:
        changes["subject"] = str(body["subject"])[:SUBJECT]
    if "tag" in body:
        changes["tags"] = [tag.strip() for tag in str(body["tag"]).split(",") if tag.strip()]
    if "field_id" in body:
        ids, values = (str(body.get(name, "")).split(";") for name in ("field_id", "field_value"))
        for id_, value in zip(ids, values, strict=False):
            changes[f"field:{someone('fields', id_, 'field_id')}"] = value
    return changes


def one_of(value: Any, known: tuple[Any, ...], name: str) -> Any:
    """A value of a list; raise UsedeskError otherwise."""
    if value not in known:
        raise UsedeskError(123, f"{name}: unknown value")
    return value


@routes.post("/tickets")
def tickets() -> ResponseReturnValue:
    """A page of tickets that pass the filters."""
    try:
        rows = found(state().tickets.values(), given(), timedelta(minutes=state().zone))
    except ValueError as fault:
        raise UsedeskError(123, str(fault)) from None
    return jsonify([shapes.row(state(), ticket) for ticket in rows])


@routes.post("/ticket")
def ticket() -> ResponseReturnValue:
    """One ticket with its comments, tags, fields and changes."""
    return jsonify(shapes.full(state(), asked_ticket()))


@routes.post("/create/ticket")
def create_ticket() -> ResponseReturnValue:
    """Make a ticket with its first comment."""
    body, subject, message = given(), asked_text("subject"), asked_text("message")
    changes = wanted({name: value for name, value in body.items() if name != "subject"})
    is_new = body.get("client_id") in (None, "new_client")
    client = state().new_client(body) if is_new else someone("clients", body["client_id"], "client_id")
    additional = str(body["additional_id"]) if body.get("additional_id") else None
    made = state().put(None, subject[:SUBJECT], client or 0, additional_id=additional)
    for target, value in changes.items():
        shapes.set_value(made, target, value)
    sender = "client" if body.get("from") == "client" else "user"
    private = body.get("private_comment") in (True, 1, "1", "true")
    words = UsedeskWords(message, sender, not private, author() if sender == "user" else None)
    state().write(made, words, quiet=True)
    state().announce(made)
    return jsonify({"status": "success", "ticket_id": made.id})


@routes.post("/update/ticket")
def update_ticket() -> ResponseReturnValue:
    """Change a ticket."""
    state().change(asked_ticket(), wanted(given()), author())
    return jsonify({"status": "success"})


@routes.post("/create/comment")
def create_comment() -> ResponseReturnValue:
    """Write a comment; private unless `type` is public."""
    body, found_ticket, message = given(), asked_ticket(), asked_text("message")
    public = one_of(body.get("type", "private"), ("public", "private"), "type") == "public"
    client = body.get("from") == "client"
    words = UsedeskWords(message, "client" if client else "user", public, None if client else author())
    return jsonify({"status": "success", "comment_id": state().write(found_ticket, words)["id"]})


def author() -> int:
    """Who acts: `user_id`, or the company's first user."""
    first: int = state().world["users"][0]["id"]
    return someone("users", given().get("user_id"), "user_id") or first


@routes.post("/client")
def client() -> ResponseReturnValue:
    """One client."""
    return jsonify(state().person("clients", someone("clients", given().get("client_id", ""), "client_id")))


@routes.post("/clients")
@routes.post("/users")
@routes.post("/groups")
def people() -> ResponseReturnValue:
    """All clients, agents or groups."""
    return jsonify(state().world[request.path.rpartition("/")[2]])


@routes.post("/ticket/fields")
def fields() -> ResponseReturnValue:
    """All custom fields."""
    return jsonify(state().world["fields"])


@routes.post("/tags")
def tags() -> ResponseReturnValue:
    """The tags in use, with how many tickets have them."""
    used = [tag for one in state().tickets.values() for tag in one.tags]
    company = state().world["company"]
    names = sorted(set(used))
    return jsonify(
        [
            {"ticket_tag_id": place, "tag_company_id": company, "name": name, "ticket_count": used.count(name)}
            for place, name in enumerate(names, start=1)
        ]
    )
