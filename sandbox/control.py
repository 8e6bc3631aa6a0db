"""The doors that only a sandbox has: reset, faults, calls, clock, and what a test or a newcomer puts in."""

from __future__ import annotations

import json
import re
import time
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import new as hmac_of
from typing import Any, NoReturn

import requests
from flask import Blueprint, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jira_events, jira_fields, webcrm
from sandbox.core import here
from sandbox.faults import InjectedFault
from sandbox.world import REQUEST_TYPE_FIELD

DURATION = re.compile(r"^(?P<n>-?\d+(?:\.\d+)?)(?P<unit>[smhdw])$")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SEND_TIMEOUT = 30  # seconds
JSON = {"Content-Type": "application/json"}

routes = Blueprint("control", __name__, url_prefix="/sandbox")


def body_object() -> dict[str, Any]:
    """The request's JSON object, or 400."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        refuse("the body must be a JSON object")
    return dict(body)


def refuse(message: str) -> NoReturn:
    """Answer 400 with the fault."""
    response = jsonify({"error": message})
    response.status_code = 400
    abort(response)


@routes.post("/reset")
def reset() -> ResponseReturnValue:
    """Back to the start."""
    here().reset()
    return "", 204


@routes.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> ResponseReturnValue:
    """Add a fault for the next calls, list the pending ones, or drop them all."""
    if request.method == "POST":
        try:
            here().faults.pending.append(InjectedFault.read(body_object()))
        except (TypeError, ValueError, AttributeError) as fault:
            refuse(str(fault))
    if request.method == "DELETE":
        here().faults.pending.clear()
    return jsonify(here().faults.listed())


@routes.post("/search-lag")
def search_lag() -> ResponseReturnValue:
    """How many seconds Jira's search stays behind the writes."""
    seconds = body_object().get("seconds")
    if not isinstance(seconds, int | float) or seconds < 0:
        refuse("seconds: a number, zero or more")
    here().jira.index.set_lag(seconds)
    return jsonify({"seconds": here().jira.index.lag})


@routes.get("/calls")
def calls() -> ResponseReturnValue:
    """The calls received (`system=jira|webcrm|usedesk|chat`)."""
    return jsonify(here().calls.listed(request.args.get("system")))


@routes.post("/calls/clear")
def clear_calls() -> ResponseReturnValue:
    """Forget the calls."""
    here().calls.clear()
    return "", 204


@routes.route("/clock", methods=["GET", "POST"])
def clock() -> ResponseReturnValue:
    """Read the clock; `set` it to an aware moment or `advance` it by a duration such as `25h`."""
    if request.method == "POST":
        move_clock(body_object())
    return jsonify({"now": here().clock.now().isoformat(), "offset_seconds": here().clock.offset.total_seconds()})


def move_clock(body: dict[str, Any]) -> None:
    """Move the clock as the body says, or answer 400."""
    period = DURATION.match(str(body.get("advance", "")))
    if period:
        here().clock.advance(timedelta(**{UNITS[period["unit"]]: float(period["n"])}))
        return
    try:
        moment = datetime.fromisoformat(str(body.get("set")))
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        refuse("set: a moment with its zone; advance: a number with s, m, h, d or w")
    here().clock.set_to(moment)


@routes.route("/jira/permissions", methods=["GET", "POST"])
def permissions() -> ResponseReturnValue:
    """The bot's rights in Jira; a POST sets some of them to true or false."""
    state = here().jira
    for name, granted in body_object().items() if request.method == "POST" else ():
        if name not in state.world.permissions:
            refuse(f"unknown permission {name}")
        (state.denied.discard if granted else state.denied.add)(name)
    return jsonify({name: name not in state.denied for name in state.world.permissions})


@routes.post("/jira/move")
def move_issue() -> ResponseReturnValue:
    """An admin moves an issue into another project: a new key, no components; the old key still leads to it."""
    body, state = body_object(), here().jira
    issue, project = state.find(body.get("issue")), state.world.project(body.get("project"))
    if issue is None or project is None or project == issue.project:
        refuse("issue: one that there is; project: another one that there is")
    key, old = state.next_key(project), issue.key
    was = {"field": "project", "fieldtype": "jira", "fieldId": "project"}
    was |= {"from": issue.project.id, "fromString": issue.project.name, "to": project.id, "toString": project.name}
    renamed = {"field": "Key", "fieldtype": "jira", "from": None, "fromString": old, "to": None, "toString": key}
    kept_type = project.request_type if issue.fields[REQUEST_TYPE_FIELD] else None
    items = jira_fields.apply(state, issue, {"components": ()})
    issue.fields[REQUEST_TYPE_FIELD] = kept_type
    issue.project, issue.key, state.keys[key] = project, key, issue.id
    state.touch(issue)
    admin = next(account for account in state.world.accounts if account.admin and not account.bot)
    jira_events.issue_changed("jira:issue_updated", issue, admin, [was, *items, renamed], "issue_moved")
    return jsonify({"id": issue.id, "key": key})


@routes.put("/webcrm/tickets/<ticket_id>")
def put_ticket(ticket_id: str) -> ResponseReturnValue:
    """Put a ticket into the CRM: the neutral event's `ticket` object, gaps filled."""
    return jsonify(webcrm.put_ticket(ticket_id, body_object()))


@routes.post("/webcrm/send")
def send_event() -> ResponseReturnValue:
    """Sign a neutral event (Standard Webhooks) and post it to the bot; answers the bot's status (0: not reached)."""
    body = body_object()
    event = body.get("event")
    if not isinstance(event, dict) or not here().settings.bot_url:
        refuse("event: the neutral event; and the sandbox must know the bot (BOT_URL)")
    delivery = str(body.get("id") or event.get("id"))
    status, answered = send_signed(event, delivery)
    return jsonify({"id": delivery, "status": status, "body": answered})


def send_signed(event: dict[str, Any], delivery: str) -> tuple[int, str]:
    """Post an event as WebCRM does (Standard Webhooks): the bot's status and text."""
    settings, text = here().settings, json.dumps(event, ensure_ascii=False).encode()
    stamp = str(int(time.time()))  # signatures keep the real time, whatever the sandbox's clock says
    secret = b64decode(settings.webcrm_secret.removeprefix("whsec_"))
    signed = b64encode(hmac_of(secret, f"{delivery}.{stamp}.".encode() + text, sha256).digest()).decode()
    headers = {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signed}"}
    return post_to_bot(f"{settings.bot_url}/webhooks/webcrm", text, headers)


def post_to_bot(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Post to the bot: its status and text; 0 when it cannot be reached."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between two programs on this machine
            answer = session.post(url, body, headers=headers | JSON, timeout=SEND_TIMEOUT)
    except requests.RequestException as fault:
        current_app.logger.info("the bot cannot be reached: %s", type(fault).__name__)
        return 0, ""
    return answer.status_code, answer.text
