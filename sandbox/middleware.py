"""What every call passes: it is noted, meets the faults that were asked for, and says who makes it."""

from __future__ import annotations

import base64
import binascii
import hmac
import socket
import time
from datetime import timedelta
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jira_errors, refusals
from sandbox.core import here
from sandbox.faults import InjectedFault
from sandbox.jira_errors import JiraError, unauthenticated
from sandbox.jira_request import actor
from sandbox.world import JiraAccount

SYSTEMS = {"/rest/": "jira", "/webcrm/": "webcrm", "/usedesk/": "usedesk", "/chat/": "chat"}
TOO_MANY = 429
MESSAGES = {
    429: "Rate limit exceeded.",
    401: "Client must be authenticated to access this resource.",
    503: "Service Unavailable",
}


def install(app: Flask) -> None:
    """Put these functions before and behind every route."""
    app.before_request(enter)
    app.after_request(leave)
    app.register_error_handler(JiraError, jira_errors.answer)
    app.register_error_handler(404, refusals.no_route)
    app.register_error_handler(405, refusals.no_route)


def enter() -> ResponseReturnValue | None:
    """Note the call, fail it if a fault says so before its effect, then ask who it is."""
    g.fault = None
    for watch in here().watchers:
        watch()
    system = next((name for prefix, name in SYSTEMS.items() if request.path.startswith(prefix)), None)
    if system is None:
        return None
    sandbox = here()
    g.call = {
        "at": sandbox.clock.now().isoformat(),
        "method": request.method,
        "path": request.path,
        "body": request.get_json(force=True, silent=True),
        "status": None,
    }
    sandbox.calls.begin(system, g.call)
    with sandbox.lock:
        g.fault = sandbox.faults.take(system, request.method, request.path)
    if g.fault and not g.fault.after_effect:
        time.sleep(g.fault.delay)
        if g.fault.answers:
            return Response()
    if system == "jira":
        g.actor = who()
        return None if request.routing_exception else refusals.refused_body()
    return None


def leave(response: Response) -> Response:
    """Finish the call: the fault's answer instead of the real one, and the note of its status."""
    fault: InjectedFault | None = g.fault
    if fault and fault.after_effect:
        time.sleep(fault.delay)
    replaced = fault if fault and fault.answers else None
    if "call" in g:  # noted before the caller can know that the connection is cut
        g.call["status"] = replaced.status if replaced else response.status_code
    if replaced:
        response = failure(replaced)
    if "actor" in g:
        response.headers["X-AAccountId"] = actor().id
    return refusals.as_jira_sends(response) if request.path.startswith("/rest/") else response


def failure(fault: InjectedFault) -> Response:
    """The answer of a fault; for a broken connection nothing that could still be sent."""
    if fault.breaks:
        break_connection()
    status = fault.status or 500
    if fault.body is not None or fault.location is not None:
        headers = {"Location": fault.location} if fault.location is not None else None
        return Response(fault.body or "", status=status, headers=headers, mimetype="text/html")
    error = JiraError(status, MESSAGES.get(status, "Internal server error"))
    body: dict[str, Any] = {"code": "fault", "message": error.messages[0]}
    if request.path.startswith("/usedesk/"):
        body = {"error": error.messages[0], "code": status}
    response = jira_errors.answer(error) if request.path.startswith("/rest/") else jsonify(body)
    response.status_code = status
    if fault.retry_after is not None:
        response.headers["Retry-After"] = f"{fault.retry_after:g}"
    if status == TOO_MANY and request.path.startswith("/rest/"):
        until = here().clock.now() + timedelta(seconds=fault.retry_after or 0)
        response.headers["X-RateLimit-Limit"] = "100"
        response.headers["X-RateLimit-Remaining"] = "0"
        response.headers["X-RateLimit-Reset"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
        response.headers["X-RateLimit-NearLimit"] = "true"
    if fault.reason:
        response.headers["RateLimit-Reason"] = fault.reason
    return response


def break_connection() -> None:
    """Cut the caller's connection without an answer, under gunicorn as under werkzeug."""
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)


def who() -> JiraAccount:
    """The account that calls Jira: a person by `X-Sandbox-As`, else the bot by Basic auth."""
    sandbox = here()
    world, as_person = sandbox.jira.world, request.headers.get("X-Sandbox-As")
    account = world.account(as_person) if as_person else world.bot
    if account is None or not (as_person or knows_password()):
        raise unauthenticated()
    if account.kind == "customer" and not request.path.startswith("/rest/servicedeskapi"):
        raise JiraError(403, "You do not have permission to use Jira: this account is a customer of the service desk.")
    return account


def knows_password() -> bool:
    """True when the Basic credentials are the bot's."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    settings = here().settings
    try:
        decoded = base64.b64decode(given, validate=True)
    except binascii.Error:
        return False
    wanted = f"{settings.jira_user}:{settings.jira_token}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(decoded, wanted)
