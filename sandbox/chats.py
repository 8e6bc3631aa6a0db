"""The departments' chats: targets of Apprise's `json://`."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here

routes = Blueprint("chats", __name__, url_prefix="/chat")


@routes.post("/<name>")
def arrive(name: str) -> ResponseReturnValue:
    """Keep a message: an object as it came, anything else as its text."""
    body = request.get_json(force=True, silent=True)
    message = body if isinstance(body, dict) else {"message": request.get_data(as_text=True)}
    here().chats.setdefault(name, []).append({"at": here().clock.now().isoformat(), **message})
    return jsonify({"ok": True})


@routes.get("/<name>")
def listed(name: str) -> ResponseReturnValue:
    """What arrived in a chat, the oldest first."""
    return jsonify(here().chats.get(name, []))
