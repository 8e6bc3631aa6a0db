"""WebCRM's closing window: the bot is asked before the button (`POST /api/closing-check`), and then told."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.control import post_to_bot, send_signed
from sandbox.core import here
from sandbox.webcrm import CrmError, ticket_or_refuse

RESOLUTIONS = ("Решено", "Не решена", "НТО", "Спам", "Дубликат")
AGENT = {"id": "a17", "name": "Вера Примерова", "gender": "f", "status": "На линии"}

routes = Blueprint("closing", __name__, url_prefix="/sandbox/closing")


@routes.errorhandler(CrmError)
def refuse(error: CrmError) -> ResponseReturnValue:
    """A ticket that there is not."""
    return error.message, error.status


@routes.post("/<ticket_id>")
def ask(ticket_id: str) -> ResponseReturnValue:
    """What the bot says of the closing that was chosen; nothing is closed yet."""
    event = _event(ticket_id)
    headers = {"Authorization": f"Bearer {here().settings.api_token}"}
    body = json.dumps(event, ensure_ascii=False).encode()
    status, text = post_to_bot(f"{here().settings.bot_url}/api/closing-check", body, headers)
    answer = json.loads(text) if status == 200 else None  # noqa: PLR2004
    return render_template("closing.html", ticket=event["ticket"], closing=event["closing"], answer=answer)


@routes.post("/<ticket_id>/close")
def close(ticket_id: str) -> ResponseReturnValue:
    """«Закрыть задачу»: the bot gets the event, as from the CRM."""
    event = _event(ticket_id)
    send_signed(event, event["id"])
    return redirect(url_for("page.show", _anchor=f"ticket-{ticket_id}"), 303)


def _event(ticket_id: str) -> dict[str, Any]:
    chosen = request.form.get("resolution", RESOLUTIONS[0])
    closing = {"resolution": chosen, "create_jira": bool(request.form.get("create_jira"))}
    return {
        "id": f"closing-{uuid.uuid4().hex[:12]}",
        "type": "ticket.closing",
        "occurred_at": here().clock.now().isoformat(),
        "ticket": ticket_or_refuse(ticket_id),
        "agent": AGENT,
        "closing": closing,
    }
