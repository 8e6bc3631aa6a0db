"""The buttons of board and card: each files an own event in the case, so that ledger, modes and ladder hold.

What was pressed can be taken back from the notice that tells of it: by the opposite event.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from desk.clock import machine_now
from events import BotEvent, HoldAnsweredEvent, RequestEvent, SaidEvent
from runtime.own_events import post
from store import agents, audit, holds, requests
from store.audit import Change
from store.holds import Hold
from store.requests import OPEN, Request
from web.access.guard import own_path, person
from web.asked import NUMBER, storable
from web.parts import Parts
from web.words import word, words

HOURS = ("4", "24", "48", "168")
_REASON, _OWNER = 500, 64  # characters
_LIVES = 600  # seconds that something can be taken back
Deed = Literal["snooze", "answered", "reassign"]
_FIND: Mapping[str, Callable[[sa.Connection, int], Request | Hold | None]] = {
    "request": requests.get,
    "hold": holds.get,
}


def blueprint(parts: Parts) -> Blueprint:
    """`/said/<request or hold>/<number>/…`, and `/said/undo`."""
    routes = Blueprint("said", __name__)
    said = Said(parts)

    @routes.post(f"/said/<what>/{NUMBER}/snooze")
    def snooze(what: str, number: int) -> ResponseReturnValue:
        """«Отложить»."""
        hours, reason = request.form.get("hours", ""), _reason()
        if hours not in HOURS or not reason:
            return _back("said_no_reason")
        return said.say("snooze", what, number, {"hours": int(hours), "reason": reason})

    @routes.post(f"/said/<what>/{NUMBER}/answered")
    def answered(what: str, number: int) -> ResponseReturnValue:
        """«Ответ получен»."""
        return said.say("answered", what, number, {"reason": _reason() or None})

    @routes.post(f"/said/<what>/{NUMBER}/reassign")
    def reassign(what: str, number: int) -> ResponseReturnValue:
        """«Передать»."""
        owner = storable(request.form.get("owner", "")).strip()[:_OWNER]
        return said.say("reassign", what, number, {"owner": owner}) if owner else _back("said_no_owner")

    @routes.post("/said/undo")
    def undo() -> ResponseReturnValue:
        """«Отменить»."""
        return said.take_back(request.form.get("undo", ""))

    return routes


class Said:
    """Files what people say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def say(self, deed: Deed, what: str, number: int, given: dict[str, Any]) -> ResponseReturnValue:
        """A button's event, and the notice with what takes it back."""
        now = self._parts.process.clock.now()
        with self._parts.process.engine.begin() as connection:
            found = _FIND[what](connection, number) if what in _FIND else None
            if found is None:
                abort(404)
            if not _is_open(found):
                return _back("said_over")
            if "owner" in given and not self._knows(connection, found.source, given["owner"]):
                return _back("said_unknown_owner")
            key = secrets.token_urlsafe(12)
            event = _of_request(found, deed, given, (key, now)) if isinstance(found, Request) else None
            event = event or _of_hold(found, deed, given, (key, now))  # type: ignore[arg-type]
            post(connection, event)
            change = Change(f"said_{deed}", f"{what}:{number}", None, given.get("owner"), given.get("reason"))
            audit.write(connection, person().actor, change, machine_now())
        return _back(f"said_{deed}", undo=_signer().dumps(_opposite(found, deed)))

    def _knows(self, connection: sa.Connection, source: str, owner: str) -> bool:
        """Whether there is such an agent: by `holds.yml`, or seen in the CRM's events."""
        return owner in self._parts.process.watch.current().holds.agents or agents.is_known(connection, source, owner)

    def take_back(self, token: str) -> ResponseReturnValue:
        """The opposite event."""
        try:
            given: dict[str, Any] = _signer().loads(token, max_age=_LIVES)
        except BadSignature:
            return _back("said_too_late")
        now = self._parts.process.clock.now()
        key = hashlib.sha256(token.encode()).hexdigest()[:32]  # once, however often it is pressed
        event = SaidEvent.model_validate({"occurred_at": now, "key": key, "by": person().email, **given})
        with self._parts.process.engine.begin() as connection:
            post(connection, event)
            change = Change("said_undone", f"{event.type}:{event.number}")
            audit.write(connection, person().actor, change, machine_now())
        return _back("said_undone")


def _is_open(found: Request | Hold) -> bool:
    return found.state == OPEN if isinstance(found, Request) else found.ended_at is None


def _of_request(found: Request, deed: Deed, given: dict[str, Any], made: tuple[str, datetime]) -> BotEvent | None:
    key, now = made
    if deed == "reassign":
        return SaidEvent(type="request.reassigned", **_about(found, made), owner=given["owner"], by=person().email)
    about: dict[str, Any] = {"occurred_at": now, "key": key, "request": found.id, "by": person().email}
    if deed == "answered":
        return RequestEvent(type="request.answered", reason=given["reason"], **about)
    until = now + timedelta(hours=given["hours"])
    return RequestEvent(type="request.snoozed", until=until, reason=given["reason"], **about)


def _of_hold(found: Hold, deed: Deed, given: dict[str, Any], made: tuple[str, datetime]) -> BotEvent:
    key, now = made
    if deed == "answered":
        about = {"ticket_source": found.source, "ticket_id": found.ticket_id, "hold": found.id}
        return HoldAnsweredEvent(occurred_at=now, delivery=key, who="agent", **about)
    if deed == "reassign":
        return SaidEvent(type="hold.reassigned", **_about(found, made), owner=given["owner"], by=person().email)
    until = now + timedelta(hours=given["hours"])
    return SaidEvent(type="hold.snoozed", **_about(found, made), until=until, reason=given["reason"], by=person().email)


def _about(found: Request | Hold, made: tuple[str, datetime]) -> dict[str, Any]:
    place = {"number": found.id, "ticket_source": found.source, "ticket_id": found.ticket_id}
    return {**place, "key": made[0], "occurred_at": made[1]}


def _opposite(found: Request | Hold, deed: Deed) -> dict[str, Any]:
    """What takes a deed back, as the columns of its event."""
    about = {"number": found.id, "ticket_source": found.source, "ticket_id": found.ticket_id}
    what = "request" if isinstance(found, Request) else "hold"
    if deed == "reassign":
        return about | {"type": f"{what}.reassigned", "owner": found.owner_id}
    if deed == "answered":
        return about | {"type": f"{what}.reopened"}
    if isinstance(found, Request):
        return about | {"type": "request.woken"}
    return about | {"type": "hold.snoozed", "until": found.due_at.isoformat()}


def notice(told: str) -> dict[str, Any]:
    """The notice of a page: what was done, and the token that takes it back."""
    return {
        "told": word("told", told) if told in words()["told"] else None,
        "undo": request.args.get("undo", "") if told.startswith("said_") else "",
    }


def _back(told: str, undo: str | None = None) -> ResponseReturnValue:
    path = own_path(request.form.get("back", "")) or "/board"
    base, _, query = path.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in ("told", "undo")]
    kept += [f"told={told}", *([f"undo={undo}"] if undo else [])]
    return redirect(f"{base}?{'&'.join(kept)}", 303)


def _reason() -> str:
    return request.form.get("reason", "").replace("\x00", "").strip()[:_REASON]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="said-undo")
