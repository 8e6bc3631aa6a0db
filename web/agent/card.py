"""The agent's card of a ticket: what was done in every system, what it waits for, and the buttons.

Inside other CRMs the same card is shown by a signed link that expires, without buttons.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from config import Config
from desk.calendar import WorkCalendar
from desk.clock import machine_now
from desk.crm.client import SYSTEM as WEBCRM
from desk.digest import name_of
from desk.usedesk.client import SYSTEM as USEDESK
from events import TICKET_ID, TicketEvent
from runtime.own_events import post
from store import audit, browse, escalations, promises, repeats, rule_hits, tickets
from store.audit import Change
from store.holds import Hold
from store.promises import Promise
from store.requests import OPEN, Request
from store.rows import EventRow
from store.tickets import TicketStanding
from web.access.guard import person
from web.agent import department_hold
from web.agent.closing import judged
from web.agent.crm_events import told_by_crm
from web.agent.escalation import WhereTo, where_to
from web.agent.history import history
from web.agent.hold_form import REASONS, HoldForm
from web.agent.person_actions import HOURS, notice_of_action
from web.errors import message_page
from web.parts import OF_TICKETS, SOURCES, Parts, crms, own_address, sources
from web.shown import Step, View, is_web, view_of
from web.words import word

LIVES = 8 * 3600  # seconds that a frame's link is valid
FRAMED = "framed"
_LATEST = 20  # events of a ticket that are searched for its topic or the client's question
_HOUR = timedelta(hours=1)
_PLACE = "<source>/<ticket>"


def blueprint(parts: Parts) -> Blueprint:
    """Make `/tickets`, `/tickets/<source>/<id>` and its button."""
    routes = Blueprint("card", __name__)

    @routes.get("/tickets")
    def find() -> ResponseReturnValue:
        """Show the field for a ticket's number; with a number, redirect to the card."""
        wanted = request.args.get("q", "").strip()
        if not wanted:
            return render_template("tickets.html", wanted="", sources=_sources(parts))
        source, _, number = wanted.rpartition(":")
        asked = source or request.args.get("source", _here(parts)[0])
        if asked not in OF_TICKETS or not _fits(number):
            return render_template("tickets.html", wanted=wanted, sources=_sources(parts), fault=True)
        return redirect(url_for("card.page", source=asked, ticket=number), 303)

    @routes.get(f"/tickets/{_PLACE}")
    def page(source: str, ticket: str) -> str:
        """Show the card."""
        return render_template("card.html", hours=_hours(), **_card(parts, source, ticket, view_of(parts)))

    _holds(routes, parts)
    return routes


def _holds(routes: Blueprint, parts: Parts) -> None:
    """Add the card's button for holds."""

    @routes.post(f"/tickets/{_PLACE}/hold")
    def hold(source: str, ticket: str) -> ResponseReturnValue:
        """File «Удержание для Ozon» or «для продавца» as if the ticket were closed that way in the CRM (W-66, W-73)."""
        if not _fits(ticket) or source not in _here(parts):
            abort(404)
        event = _holding(parts, source, ticket, HoldForm.of_request())
        if event is None:
            return redirect(url_for("card.page", source=source, ticket=ticket, told="said_not_held"), 303)
        if isinstance(event, HoldForm):
            card = {
                **_card(parts, source, ticket, view_of(parts)),
                "form": event,
                "hold_fault": word("hold_faults", event.fault),
            }
            return render_template("card.html", hours=_hours(), **card), 422
        with parts.process.engine.begin() as connection:
            post(connection, event)
            change = Change("said_hold", f"{source}:{ticket}", after=event.closing.hold)
            audit.write(connection, person().actor, change, machine_now())
        return redirect(url_for("card.page", source=source, ticket=ticket, told="said_hold"), 303)


def framed(parts: Parts) -> Blueprint:
    """Make the card for other CRMs, `/frame/<link>`; access is by the signature."""
    routes = Blueprint(FRAMED, __name__)

    @routes.get("/frame/<token>")
    def page(token: str) -> ResponseReturnValue:
        """Show the card without buttons."""
        try:
            source, ticket = _signer().loads(token, max_age=LIVES)
        except BadSignature:
            return message_page(410, "frame_expired")
        view = View(parts, parts.process.effective_config.current(), machine_now(), "agent")
        return render_template("frame.html", **_card(parts, source, ticket, view))

    return routes


def links_for_programs(parts: Parts) -> Blueprint:
    """Make `GET /api/card-links/<source>/<ticket>`, where a CRM gets the link that it frames."""
    routes = Blueprint("card_links", __name__, url_prefix="/api")

    @routes.get(f"/card-links/{_PLACE}")
    def link(source: str, ticket: str) -> ResponseReturnValue:
        """Return a link that is valid for a working day."""
        if not _fits(ticket) or source not in _here(parts):
            abort(404)
        token = _signer().dumps([source, ticket])
        return jsonify({"url": own_address(parts) + url_for("framed.page", token=token), "expires_in": LIVES})

    return routes


def let_frames(app: Flask, parts: Parts) -> None:
    """Let the sites in `reports.yml` frame the card, and nothing else; must be registered before the guard."""

    @app.after_request
    def frames(response: Response) -> Response:
        if request.blueprint == FRAMED:
            ancestors = " ".join(parts.process.reloader.current().reports.card.ancestors) or "'none'"
            policy = response.headers.get("Content-Security-Policy", "")
            response.headers["Content-Security-Policy"] = policy.replace(
                "frame-ancestors 'none'", f"frame-ancestors {ancestors}"
            )
            response.headers.pop("X-Frame-Options", None)
        return response


def _card(parts: Parts, source: str, ticket: str, view: View) -> dict[str, object]:
    if not _fits(ticket) or source not in OF_TICKETS:
        abort(404)
    config, now = parts.process.effective_config.current(), parts.process.clock.now()
    at_work, templates = config.at(now), parts.process.factory.templates
    with parts.process.engine.connect() as connection:
        stands = tickets.standing(connection, source, ticket)
        broken = promises.broken_of(connection, [one.id for one in stands.requests if one.state == OPEN])
        rows = tickets.all_of(connection, source, ticket, _own_cases(stands, broken))
        steps = browse.steps(connection, [row.id for row in rows])
        found = _found(connection, rows, view, f"{source}:{ticket}")
        touched = browse.page(connection, browse.Filter(case=f"{source}:{ticket}"), SOURCES)
        told = told_by_crm(connection, source, ticket) if source == WEBCRM else []
        before = repeats.earlier(connection, source, ticket, machine_now() - config.duplicates.repeats)
        escalation = escalations.newest(connection, source, ticket) if source == WEBCRM else None
        like_it = judged(connection, at_work, templates, told[0] if told else None, (source, ticket, now))
    return {
        "source": source,
        "source_words": word("sources", source),
        "ticket": ticket,
        "url": next((row.ticket_url for row in touched.rows if is_web(row.ticket_url)), None),
        "issues": [(one.issue_key, view.issue_url(one.issue_key), one.status, one.purpose) for one in stands.issues],
        **_hold(stands.hold, view, WorkCalendar(config.calendar.named()), now),
        "asked": [_request(one, view, config) for one in stands.requests],
        "drafts": [view.value(one.text) for one in stands.drafts],
        "promises": [
            (view.value(one.text), view.due(one.due_at), one.due_at <= now)
            for one in [*broken, *stands.promises]
            if one.state != promises.DRAFT and one.due_at
        ],
        "timeline": history(rows, steps, view, [step.after for _, step, _ in found]),
        "earlier": [(one.ticket_id, one.status or "", view.due(one.opened_at)) for one in before],
        **_whither(where_to(told, escalation, now, at_work, templates.note), view),
        **like_it,
        "found": found,
        **_hold_buttons(parts, config, source, stands if rows else None),
        "form": HoldForm(),
        **notice_of_action(request.args.get("told", "")),
    }


def _found(connection: sa.Connection, rows: Sequence[EventRow], view: View, case: str) -> list[tuple[int, Step, bool]]:
    """Return what rules that only warn or record found: id, step, and whether it is marked as a false alarm."""
    warned = tickets.warned(connection, [row.id for row in rows])
    marked = rule_hits.marked(connection, [row.id for row in warned])
    return [(row.id, view.step(row, case), row.id in marked) for row in warned]


def _hold(hold: Hold | None, view: View, calendar: WorkCalendar, now: datetime) -> dict[str, object]:
    return {
        "hold": hold,
        "hold_words": word("kinds", hold.kind) if hold else "",
        "hold_reason": word("reasons_of_hold", hold.reason) if hold and hold.reason else "",
        "hold_key_url": view.issue_url(hold.awaited_key) if hold and hold.awaited_key else None,
        "hold_link": hold.awaited_link if hold and is_web(hold.awaited_link) else None,
        "hold_since": view.due(hold.since) if hold else None,
        "hold_due": view.due(hold.due_at) if hold else None,
        "hold_over": bool(hold and hold.due_at <= now),
        "hold_took": int(calendar.working_between(hold.since, now) / _HOUR) if hold else 0,
    }


def _hold_buttons(parts: Parts, config: Config, source: str, stands: TicketStanding | None) -> dict[str, object]:
    """Describe whom a ticket can be put on hold for; `stands` None: the bot knows nothing of it."""
    return {
        "can_hold": source == WEBCRM and WEBCRM in crms(parts) and stands is not None,
        "departments": department_hold.choices(parts, config, stands.requests) if source == USEDESK and stands else (),
        "reasons": [(reason, word("reasons_of_hold", reason)) for reason in REASONS],
    }


def _whither(whither: WhereTo | None, view: View) -> dict[str, object]:
    """Return where a customer's chat should go, and the comment for whoever gets it."""
    return {
        "whither": whither,
        "handover": view.value(whither.words.comment) if whither and whither.words.comment else "",
    }


def _own_cases(stands: TicketStanding, broken: Sequence[Promise]) -> list[str]:
    """Return the cases of this ticket's timers and of people's actions, which differ from the ticket's own."""
    cases = [f"bot:alarm:{promises.timer_key(one.id)}" for one in broken]
    for one in stands.requests:
        cases += [f"bot:alarm:request:{one.id}:{ring}" for ring in range(max(one.ring - 5, 1), one.ring + 1)]
        cases += [f"bot:{kind}:{one.id}" for kind in ("request.snoozed", "request.answered", "request.reassigned")]
    return cases + ([f"bot:alarm:hold:{stands.hold.id}"] if stands.hold else [])


def _request(one: Request, view: View, config: Config) -> dict[str, object]:
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


def _holding(parts: Parts, source: str, ticket: str, form: HoldForm) -> TicketEvent | HoldForm | None:
    """Return the closing that a form asks for, or the form with its fault; None when the ticket is unknown."""
    config = parts.process.effective_config.current()
    with parts.process.engine.connect() as connection:
        known = told_by_crm(connection, source, ticket)
        own_keys = [one.issue_key for one in tickets.standing(connection, source, ticket).issues]
    not_solved = config.categories.resolutions.get("not_solved")
    if source != WEBCRM or not known or not_solved is None:
        return None
    people = parts.process.reloader.current().people.people.values()
    agents = {row.name: row.jira for row in people if row.jira} | config.holds.agents
    if fault := form.fault_of(agents, own_keys):
        return replace(form, fault=fault)
    return form.event(known, not_solved.name, agents, parts.process.clock.now())


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="card-frame")


def _fits(ticket: str) -> bool:
    return bool(re.fullmatch(TICKET_ID, ticket))


def _hours() -> dict[str, str]:
    return {hours: word("hours", hours) for hours in HOURS}


def _here(parts: Parts) -> list[str]:
    return [source for source in sources(parts) if source in OF_TICKETS]


def _sources(parts: Parts) -> list[tuple[str, str]]:
    return [(source, word("sources", source)) for source in _here(parts)]
