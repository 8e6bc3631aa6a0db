"""The least that a receiver can do: verify the HMAC and answer. What the bot's rate is measured against."""

from __future__ import annotations

import base64
import hashlib
import hmac

from flask import Flask, Response, jsonify, request

from tests.bot import CRM_SECRET, JIRA_SECRET


def create_app() -> Flask:
    """The application; its routes are those of the bot."""
    app = Flask("bare")
    crm_key = base64.b64decode(CRM_SECRET.removeprefix("whsec_"))

    @app.post("/webhooks/webcrm")
    def webcrm() -> Response:
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
        mac = hmac.digest(crm_key, signed + request.get_data(), hashlib.sha256)
        return _answer("v1," + base64.b64encode(mac).decode(), request.headers["webhook-signature"])

    @app.post("/webhooks/jira")
    def jira() -> Response:
        mac = hmac.digest(JIRA_SECRET.encode(), request.get_data(), hashlib.sha256)
        return _answer(f"sha256={mac.hex()}", request.headers["X-Hub-Signature"])

    return app


def _answer(expected: str, given: str) -> Response:
    valid = hmac.compare_digest(expected, given)
    response = jsonify({"status": "accepted" if valid else "refused"})
    response.status_code = 202 if valid else 401
    return response
