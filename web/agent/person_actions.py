"""The buttons of board and card: each files an own event, so that ledger, modes and escalation policy apply.

An action can be undone from the notice about it, which files the opposite event.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from desk.clock import machine_now
from events import BotEvent, HoldAnsweredEvent, PersonActionEvent, RequestEvent
from runtime.own_events import post
from store import agents, audit, holds, requests
from store.audit import Change
from store.holds import Hold
from store.requests import OPEN, Request
from web.access.guard import own_path, person
from web.parts import Parts
from web.query_parameters import NUMBER, storable
from web.typed import keep
from web.words import notice

HOURS = ("4", "24", "48", "168")
_REASON, _OWNER = 500, 64  # characters
LIVES = 600  # seconds for which an action can be undone
PersonAction = Literal["snooze", "answered", "reassign"]
_TOLD = ("told", "undo", "many")  # parameters that say what became of a form
FIND: Mapping[str, Callable[[sa.Connection, int], Request | Hold | None]] = {
    "request": requests.get,
    "hold": holds.get,
}


def blueprint(parts: Parts) -> Blueprint:
    """Make `/said/<request or hold>/<number>/…` and `/said/undo`."""
    routes = Blueprint("person_actions", __name__)
    actions = PersonActions(parts)

    @routes.post(f"/said/<what>/{NUMBER}/snooze")
    def snooze(what: str, number: int) -> ResponseReturnValue:
        """Handle «Отложить»."""
        fault = fault_of("snooze")
        if fault:
            return _refused(fault, "snooze", what, number)
        return actions.file("snooze", what, number, given("snooze"))

    @routes.post(f"/said/<what>/{NUMBER}/answered")
    def answered(what: str, number: int) -> ResponseReturnValue:
        """Handle «Ответ получен»."""
        return actions.file("answered", what, number, given("answered"))

    @routes.post(f"/said/<what>/{NUMBER}/reassign")
    def reassign(what: str, number: int) -> ResponseReturnValue:
        """Handle «Передать»."""
        fault = fault_of("reassign")
        if fault:
            return _refused(fault, "reassign", what, number)
        return actions.file("reassign", what, number, given("reassign"))

    @routes.post("/said/undo")
    def undo() -> ResponseReturnValue:
        """Handle «Отменить»."""
        return actions.take_back(request.form.get("undo", ""))

    return routes


class Given(TypedDict, total=False):
    """The fields of a form."""

    owner: str
    reason: str | None
    hours: float


class PersonActions:
    """Files the events of people's actions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def file(self, action: PersonAction, what: str, number: int, given: Given) -> ResponseReturnValue:
        """File a button's event, and redirect with a notice that offers to undo it."""
        now = self._parts.process.clock.now()
        with self._parts.process.engine.begin() as connection:
            found = FIND[what](connection, number) if what in FIND else None
            if found is None:
                abort(404)
            if not is_open(found):
                return _back("said_over")
            given = self.by_id(found.source, given)
            if "owner" in given and not self.knows(connection, found.source, given["owner"]):
                return _refused("said_unknown_owner", action, what, number)
            post(connection, event_of(found, action, given, (secrets.token_urlsafe(12), now)))
            change = Change(f"said_{action}", f"{what}:{number}", None, given.get("owner"), given.get("reason"))
            audit.write(connection, person().actor, change, machine_now())
        return _back(f"said_{action}", undo=_signer().dumps(opposite(found, action)))

    def by_id(self, source: str, given: Given) -> Given:
        """Return what a form says, with the agent's id of this CRM where `people.yml` has the name that was typed."""
        found = given.copy()
        if "owner" in found:
            found["owner"] = self._parts.process.reloader.current().people.agent(source, found["owner"])
        return found

    def knows(self, connection: sa.Connection, source: str, owner: str) -> bool:
        """Return whether an agent is known, from `holds.yml` or the CRM's events."""
        return owner in self._parts.process.reloader.current().holds.agents or agents.is_known(
            connection, source, owner
        )

    def take_back(self, token: str) -> ResponseReturnValue:
        """File the opposite event that the token holds."""
        try:
            given: dict[str, Any] = _signer().loads(token, max_age=LIVES)
        except BadSignature:
            return _back("said_too_late")
        now = self._parts.process.clock.now()
        key = hashlib.sha256(token.encode()).hexdigest()[:32]  # the same however often the button is pressed
        event = PersonActionEvent.model_validate({"occurred_at": now, "key": key, "by": person().email, **given})
        with self._parts.process.engine.begin() as connection:
            post(connection, event)
            change = Change("said_undone", f"{event.type}:{event.number}")
            audit.write(connection, person().actor, change, machine_now())
        return _back("said_undone")


def is_open(found: Request | Hold) -> bool:
    """Return whether a request or hold is still open."""
    return found.state == OPEN if isinstance(found, Request) else found.ended_at is None


def event_of(found: Request | Hold, action: PersonAction, given: Given, made: tuple[str, datetime]) -> BotEvent:
    """Build the event of a button; `made` is its key and moment."""
    made_of = _of_request if isinstance(found, Request) else _of_hold
    return made_of(found, action, given, made)  # type: ignore[arg-type] # each of its own kind


def _of_request(found: Request, action: PersonAction, given: Given, made: tuple[str, datetime]) -> BotEvent:
    key, now = made
    if action == "reassign":
        return PersonActionEvent(
            type="request.reassigned", **_about(found, made), owner=given["owner"], by=person().email
        )
    about: dict[str, Any] = {"occurred_at": now, "key": key, "request": found.id, "by": person().email}
    if action == "answered":
        return RequestEvent(type="request.answered", reason=given["reason"], **about)
    until = now + timedelta(hours=given["hours"])
    return RequestEvent(type="request.snoozed", until=until, reason=given["reason"], **about)


def _of_hold(found: Hold, action: PersonAction, given: Given, made: tuple[str, datetime]) -> BotEvent:
    key, now = made
    if action == "answered":
        about = {"ticket_source": found.source, "ticket_id": found.ticket_id, "hold": found.id}
        return HoldAnsweredEvent(occurred_at=now, delivery=key, who="agent", **about)
    if action == "reassign":
        return PersonActionEvent(type="hold.reassigned", **_about(found, made), owner=given["owner"], by=person().email)
    until = now + timedelta(hours=given["hours"])
    return PersonActionEvent(
        type="hold.snoozed", **_about(found, made), until=until, reason=given["reason"], by=person().email
    )


def _about(found: Request | Hold, made: tuple[str, datetime]) -> dict[str, Any]:
    place = {"number": found.id, "ticket_source": found.source, "ticket_id": found.ticket_id}
    return {**place, "key": made[0], "occurred_at": made[1]}


def opposite(found: Request | Hold, action: PersonAction) -> dict[str, object]:
    """Return the fields of the event that undoes an action."""
    about = {"number": found.id, "ticket_source": found.source, "ticket_id": found.ticket_id}
    what = "request" if isinstance(found, Request) else "hold"
    if action == "reassign":
        return about | {"type": f"{what}.reassigned", "owner": found.owner_id}
    if action == "answered":
        return about | {"type": f"{what}.reopened"}
    if isinstance(found, Request):
        return about | {"type": "request.woken"}
    return about | {"type": "hold.snoozed", "until": found.due_at.isoformat()}


def notice_of_action(told: str) -> dict[str, object]:
    """Return a page's notice: what was done, and the token that undoes it."""
    return {**notice(told), "undo": request.args.get("undo", "") if told.startswith("said_") else ""}


def _refused(told: str, action: PersonAction, what: str, number: int) -> ResponseReturnValue:
    keep(f"{action}:{what}:{number}")
    return _back(told)


def _back(told: str, undo: str | None = None) -> ResponseReturnValue:
    return back(told=told, undo=undo)


def back(**said: str | None) -> ResponseReturnValue:
    """Redirect to the page that a form came from, with what became of it."""
    path = own_path(request.form.get("back", "")) or "/board"
    base, _, query = path.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in _TOLD]
    kept += [f"{name}={value}" for name, value in said.items() if value]
    return redirect(f"{base}?{'&'.join(kept)}", 303)


def fault_of(action: PersonAction) -> str | None:
    """Return what a form lacks, as a word of `told`; None when it is complete."""
    if action == "reassign":
        return None if given(action)["owner"] else "said_no_owner"
    return "said_no_reason" if action == "snooze" and not (_reason() and _hours()) else None


def given(action: PersonAction) -> Given:
    """Read the fields of the current request's form."""
    if action == "reassign":
        return {"owner": storable(request.form.get("owner", "")).strip()[:_OWNER]}
    return {"hours": _hours(), "reason": _reason()} if action == "snooze" else {"reason": _reason() or None}


def _hours() -> int:
    hours = request.form.get("hours", "")
    return int(hours) if hours in HOURS else 0


def _reason() -> str:
    return request.form.get("reason", "").replace("\x00", "").strip()[:_REASON]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="said-undo")
