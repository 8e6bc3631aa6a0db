"""The agent's card of a ticket: what was done in every system, what it waits for, and the buttons.

Inside other CRMs the same card is shown by a signed link that expires; it has no buttons there.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from desk.calendar import WorkCalendar
from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from desk.digest import name_of
from events import TICKET_ID, Closing, HoldDetail, TicketEvent, load_event
from runtime.own_events import post
from store import audit, browse, found, promises, tickets
from store.audit import Change
from store.promises import Promise
from store.requests import OPEN, Request
from store.tickets import Standing
from web.access.guard import person
from web.agent.said import HOURS, notice
from web.errors import message_page
from web.parts import SOURCES, Parts, crms, own_address, sources
from web.shown import View, is_web, view_of
from web.words import word

LIVES = 8 * 3600  # seconds that a frame's link is good for
FRAMED = "framed"
_REASONS = ("external_jira", "slack", "outlook", "mention")
_LATEST = 20  # events of a ticket in which its topic is looked for
_LONGEST = 5000  # characters of what was done, or of a question
_SOURCES = tuple(source for source in SOURCES if source != "bot")
_HOUR = timedelta(hours=1)
_PLACE = "<source>/<ticket>"


def blueprint(parts: Parts) -> Blueprint:
    """`/tickets`, `/tickets/<source>/<id>` and its own button."""
    routes = Blueprint("card", __name__)

    @routes.get("/tickets")
    def find() -> ResponseReturnValue:
        """The field for a number; with one, the card."""
        wanted = request.args.get("q", "").strip()
        if not wanted:
            return render_template("tickets.html", wanted="", sources=_sources(parts))
        source, _, number = wanted.rpartition(":")
        asked = source or request.args.get("source", _here(parts)[0])
        if asked not in _SOURCES or not _fits(number):
            return render_template("tickets.html", wanted=wanted, sources=_sources(parts), fault=True)
        return redirect(url_for("card.page", source=asked, ticket=number), 303)

    @routes.get(f"/tickets/{_PLACE}")
    def page(source: str, ticket: str) -> str:
        """The card."""
        return render_template("card.html", hours=_hours(), **_card(parts, source, ticket, view_of(parts)))

    @routes.post(f"/tickets/{_PLACE}/hold")
    def hold(source: str, ticket: str) -> ResponseReturnValue:
        """«Удержание для Ozon» and «для продавца»: as if the ticket were closed so in the CRM (W-66, W-73)."""
        if not _fits(ticket) or source not in _here(parts):
            abort(404)
        event = _holding(parts, source, ticket)
        if event is None:
            return redirect(url_for("card.page", source=source, ticket=ticket, told="said_not_held"), 303)
        with parts.process.engine.begin() as connection:
            post(connection, event)
            change = Change("said_hold", f"{source}:{ticket}", after=event.closing.hold)
            audit.write(connection, person().actor, change, machine_now())
        return redirect(url_for("card.page", source=source, ticket=ticket, told="said_hold"), 303)

    return routes


def framed(parts: Parts) -> Blueprint:
    """The card inside other CRMs: `/frame/<link>`; the signature is what lets in."""
    routes = Blueprint(FRAMED, __name__)

    @routes.get("/frame/<token>")
    def page(token: str) -> ResponseReturnValue:
        """The card without buttons."""
        try:
            source, ticket = _signer().loads(token, max_age=LIVES)
        except BadSignature:
            return message_page(410, "frame_expired")
        view = View(parts, parts.process.switchboard.current(), machine_now(), "agent")
        return render_template("frame.html", **_card(parts, source, ticket, view))

    return routes


def links_for_programs(parts: Parts) -> Blueprint:
    """`GET /api/card-links/<source>/<ticket>`: a CRM asks for the link that it frames."""
    routes = Blueprint("card_links", __name__, url_prefix="/api")

    @routes.get(f"/card-links/{_PLACE}")
    def link(source: str, ticket: str) -> ResponseReturnValue:
        """A link that is good for a working day."""
        if not _fits(ticket) or source not in _here(parts):
            abort(404)
        token = _signer().dumps([source, ticket])
        return jsonify({"url": own_address(parts) + url_for("framed.page", token=token), "expires_in": LIVES})

    return routes


def let_frames(app: Flask, parts: Parts) -> None:
    """Let the sites of `reports.yml` frame the card, and nothing else; register it before the guard's own headers."""

    @app.after_request
    def frames(response: Response) -> Response:
        if request.blueprint == FRAMED:
            ancestors = " ".join(parts.process.watch.current().reports.card.ancestors) or "'none'"
            policy = response.headers.get("Content-Security-Policy", "")
            response.headers["Content-Security-Policy"] = policy.replace(
                "frame-ancestors 'none'", f"frame-ancestors {ancestors}"
            )
            response.headers.pop("X-Frame-Options", None)
        return response


def _card(parts: Parts, source: str, ticket: str, view: View) -> dict[str, Any]:
    if not _fits(ticket) or source not in _SOURCES:
        abort(404)
    config, now = parts.process.switchboard.current(), parts.process.clock.now()
    with parts.process.engine.connect() as connection:
        stands = tickets.standing(connection, source, ticket)
        broken = promises.broken_of(connection, [one.id for one in stands.requests if one.state == OPEN])
        rows = tickets.timeline(connection, source, ticket) + tickets.of_cases(connection, _own_cases(stands, broken))
        rows = sorted({row.id: row for row in rows}.values(), key=lambda row: -row.id)[: tickets.NEWEST]
        steps = browse.steps(connection, [row.id for row in rows])
        warned = tickets.warned(connection, [row.id for row in rows])
        marked = found.marked(connection, [row.id for row in warned])
        touched = browse.page(connection, browse.Filter(case=f"{source}:{ticket}"), SOURCES)
    url = next((row.ticket_url for row in touched.rows if is_web(row.ticket_url)), None)
    calendar = WorkCalendar(config.calendar.named())
    hold = stands.hold
    return {
        "source": source,
        "source_words": word("sources", source),
        "ticket": ticket,
        "url": url,
        "issues": [(one.issue_key, view.issue_url(one.issue_key), one.status, one.purpose) for one in stands.issues],
        "hold": hold,
        "hold_words": word("kinds", hold.kind) if hold else "",
        "hold_since": view.due(hold.since) if hold else None,
        "hold_due": view.due(hold.due_at) if hold else None,
        "hold_over": bool(hold and hold.due_at <= now),
        "hold_took": int(calendar.working_between(hold.since, now) / _HOUR) if hold else 0,
        "asked": [_request(one, view, config) for one in stands.requests],
        "drafts": [view.value(one.text) for one in stands.drafts],
        "promises": [
            (view.value(one.text), view.due(one.due_at), one.due_at <= now)
            for one in [*broken, *stands.promises]
            if one.state != promises.DRAFT and one.due_at
        ],
        "timeline": [
            {
                "id": row.id,
                "source": word("sources", row.source),
                "type": word("types", row.type),
                "state": row.state,
                "state_words": word("states", row.state),
                "reason": view.reason(row.reason),
                "at": view.moment(row.received_at),
                "steps": [view.step(step, row.case_id) for step in steps[row.id]],
            }
            for row in rows
        ],
        "found": [(row.id, view.step(row, f"{source}:{ticket}"), row.id in marked) for row in warned],
        "can_hold": source == WEBCRM and WEBCRM in crms(parts) and bool(rows),
        "reasons": [(reason, word("reasons_of_hold", reason)) for reason in _REASONS],
        **notice(request.args.get("told", "")),
    }


def _own_cases(stands: Standing, broken: Sequence[Promise]) -> list[str]:
    """The cases of alarms and of people's words about this ticket: they are not the ticket's own."""
    cases = [f"bot:alarm:{promises.alarm_key(one.id)}" for one in broken]
    for one in stands.requests:
        cases += [f"bot:alarm:request:{one.id}:{ring}" for ring in range(max(one.ring - 5, 1), one.ring + 1)]
        cases += [f"bot:{kind}:{one.id}" for kind in ("request.snoozed", "request.answered", "request.reassigned")]
    return cases + ([f"bot:alarm:hold:{stands.hold.id}"] if stands.hold else [])


def _request(one: Request, view: View, config: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "open": one.state == OPEN,
        "department": name_of(config, one.department),
        "since": view.due(one.since),
        "next": view.due(one.next_at) if one.next_at else None,
        "snoozed": view.due(one.snoozed_until) if one.snoozed_until else None,
        "answered": view.due(one.answered_at) if one.answered_at else None,
        "informed": one.client_informed_at is not None,
        "text": view.value(one.text),
        "text_gone": one.texts_gone_at is not None,
        "owner": one.owner_id or "",
        "issue": one.issue_key,
        "issue_url": view.issue_url(one.issue_key) if one.issue_key else None,
    }


def _holding(parts: Parts, source: str, ticket: str) -> TicketEvent | None:
    """The closing that the CRM would have sent; None: nothing is known of the ticket, or the form is not filled in."""
    kind, reason = request.form.get("kind", ""), request.form.get("reason", "")
    text = request.form.get("text", "").replace("\x00", "").strip()[:_LONGEST]
    fits = kind == "seller" or (kind == "ozon" and reason in _REASONS)
    with parts.process.engine.connect() as connection:
        stored = map(load_event, tickets.last_events(connection, source, ticket, _LATEST))
    known = [event for event in stored if isinstance(event, TicketEvent)]
    not_solved = parts.process.switchboard.current().categories.resolutions.get("not_solved")
    if source != WEBCRM or not fits or not text or not known or not_solved is None:
        return None
    # an event of little may follow one that told all; the holds need the topic and the seller
    event = next((one for one in known if one.ticket.type), known[0])
    values: dict[str, Any] = {"resolution": not_solved.name, "hold": kind}
    if kind == "ozon":
        values |= {"actions_done": text, "hold_detail": HoldDetail.model_validate({"reason": reason})}
    else:
        values["question"] = text
    changed = {"id": secrets.token_urlsafe(12), "type": "ticket.closing", "occurred_at": parts.process.clock.now()}
    nothing = {"request": None, "message_id": None, "draft_of": None, "change": None, "changes": ()}
    return event.model_copy(update={**changed, **nothing, "closing": Closing(**values)})


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="card-frame")


def _fits(ticket: str) -> bool:
    return bool(re.fullmatch(TICKET_ID, ticket))


def _hours() -> dict[str, str]:
    return {hours: word("hours", hours) for hours in HOURS}


def _here(parts: Parts) -> list[str]:
    return [source for source in sources(parts) if source in _SOURCES]


def _sources(parts: Parts) -> list[tuple[str, str]]:
    return [(source, word("sources", source)) for source in _here(parts)]
