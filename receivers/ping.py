"""`POST /webhooks/ping`: `flask doctor` calls it through the public address to see that it leads to this bot."""

from __future__ import annotations

from flask import Blueprint, Response, request
from pydantic import SecretStr

from receivers.intake import refused
from receivers.refusal import BadSignature
from runtime import ping

_LARGEST = 64  # bytes


def blueprint(key: SecretStr | None) -> Blueprint:
    """Make the route: 200 with the answer of `runtime.ping`, 401 for anything that this bot has not signed."""
    routes = Blueprint("ping", __name__)

    @routes.post(ping.PATH, strict_slashes=False)
    def receive() -> Response:
        """Answer a ping of our own."""
        given = request.headers.get(ping.HEADER, "")
        told = ping.answer(request.stream.read(_LARGEST), given, key) if key else None
        if told is None:
            return refused(BadSignature("this is not a ping of this bot", "run this installation's `flask doctor`"))
        return Response(told, mimetype="text/plain")

    return routes
