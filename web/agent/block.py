"""Usedesk's dynamic block: the card of a ticket, and the pages behind its links (part 8 of U-14…U-31).

A card is made from the store alone, with one indexed query for each part. Opening a page never changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import SecretStr

from config import Config
from desk.clock import machine_now
from desk.usedesk.client import SYSTEM
from events import BotEvent, JiraAskedEvent, RequestEvent
from runtime.own_events import post
from store import findings, tickets
from store.requests import OPEN, Request
from web.agent.links import LIVES, Links, SignedLink
from web.errors import message_page
from web.parts import Parts, own_address
from web.shown import View
from web.words import words

_REASON = 500  # characters
_PATH = "usedesk/do"


def card(parts: Parts) -> Callable[[str], str]:
    """Return a function that makes a ticket's card as HTML for Usedesk's page: no script, only our and Jira's URLs."""
    signer = Links(parts.process.settings.secret_key or SecretStr(""))

    def show(ticket: str) -> str:
        config, now = parts.process.reloader.current(), parts.process.clock.now()
        base = f"{own_address(parts)}/{_PATH}/"
        with parts.process.engine.connect() as connection:
            found = tickets.standing(connection, SYSTEM, ticket)
        asked = [one for one in found.requests if one.state == OPEN]
        view = View(parts, config, now)
        return render_template(
            "block.html",
            words=words()["block"],
            issues=[(one.issue_key, view.issue_url(one.issue_key), one.status) for one in found.issues],
            hold=found.hold,
            moment=lambda at: _local(at, config),
            now=now,
            requests=[_asked(one, config, signer, base) for one in asked],
            drafts=[parts.redact(one.text) for one in found.drafts],
            note=parts.process.factory.templates.note("usedesk_call_form"),
            jira=base + signer.make("jira", ticket),
        )

    return show


def _asked(one: Request, config: Config, signer: Links, base: str) -> Mapping[str, object]:
    known = config.departments.find(one.department)
    return {
        "department": known.name if known else one.department,
        "since": one.since,
        "next": one.next_at,
        "answered": base + signer.make("answered", one.ticket_id, one.id),
        "snooze": base + signer.make("snooze", one.ticket_id, one.id),
    }


def _local(at: datetime, config: Config) -> str:
    """Write a moment in the company's time zone."""
    company = config.calendar.calendars[config.calendar.company]
    return f"{at.astimezone(ZoneInfo(company.zone)):%d.%m.%Y %H:%M}"


def blueprint(parts: Parts) -> Blueprint:
    """Make the pages behind the links; access is by the signed link."""
    routes = Blueprint("block", __name__)
    signer = Links(parts.process.settings.secret_key or SecretStr(""))

    @routes.get(f"/{_PATH}/<token>")
    def ask(token: str) -> ResponseReturnValue:
        """Show the page with one button; opening it changes nothing."""
        link = signer.read(token)
        return _page(link, parts) if link else message_page(410, "link_expired")

    @routes.post(f"/{_PATH}/<token>")
    def do(token: str) -> ResponseReturnValue:
        """File the event that the link is for, once."""
        link = signer.read(token)
        if link is None:
            return message_page(410, "link_expired")
        event = _event(link, parts)
        if event is None:
            return _page(link, parts, fault=True)
        now = machine_now()
        with parts.process.engine.begin() as connection:
            findings.purge_links(connection, now - 2 * timedelta(seconds=LIVES))
            fresh = findings.use_link(connection, link.nonce, now)
            if fresh:
                post(connection, event)
        return message_page(200, "link_done") if fresh else message_page(409, "link_used")

    return routes


def _page(link: SignedLink, parts: Parts, *, fault: bool = False) -> Response:
    table, config = words()["block"], parts.process.reloader.current()
    kinds = config.categories.types.values() if link.action == "jira" else ()
    page = render_template(
        "block_page.html",
        words=table,
        action=link.action,
        ticket=link.ticket,
        fault=fault,
        longest=_REASON,
        topics=[(kind.name, [subtype.name for subtype in kind.subtypes.values()]) for kind in kinds],
    )
    return make_response(page, 400 if fault else 200)


def _event(link: SignedLink, parts: Parts) -> BotEvent | None:
    """Return the event of pressing the button; None when the form is not filled in."""
    now = parts.process.clock.now()
    if link.action == "jira":
        kind, _, subtype = request.form.get("topic", "").partition("\n")
        if parts.process.reloader.current().categories.topic(kind, subtype) is None:
            return None
        about = {"ticket_source": SYSTEM, "ticket_id": link.ticket}
        return JiraAskedEvent(occurred_at=now, key=link.nonce, topic_type=kind, topic_subtype=subtype, **about)
    if link.request is None:
        return None
    if link.action == "answered":
        return RequestEvent(type="request.answered", occurred_at=now, key=link.nonce, request=link.request, by=SYSTEM)
    hours, reason = request.form.get("hours", ""), request.form.get("reason", "").strip()[:_REASON]
    if hours not in words()["block"]["hours"] or not reason:
        return None
    until = now + timedelta(hours=int(hours))
    return RequestEvent(
        type="request.snoozed",
        occurred_at=now,
        key=link.nonce,
        request=link.request,
        until=until,
        reason=reason,
        by=SYSTEM,
    )
