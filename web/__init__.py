"""Pages for people, JSON for programs, health for machines."""

from __future__ import annotations

from flask import Flask, Response, request

from web import api, block, console, errors, health
from web.access import careful
from web.parts import Parts


def register(app: Flask, parts: Parts) -> None:
    """Add all of it to the application."""
    for blueprint in (console.blueprint(parts), api.blueprint(parts), api.described(parts), health.blueprint(parts)):
        app.register_blueprint(blueprint)
    if parts.process.settings.usedesk_block_secret:
        app.register_blueprint(block.blueprint(parts))
    errors.register(app)

    @app.after_request
    def careful_headers(response: Response) -> Response:
        return response if request.endpoint == "console.static" or _to_a_program() else careful(response)


def _to_a_program() -> bool:
    """A webhook's answer is read by no browser."""
    return request.path.startswith("/webhooks/")
