"""«Мои тикеты», the agent's first page: drafts to send, what is due today, what waits, and holds.

The bot knows agents by their ids in the CRM; an agent enters theirs once, and a cookie keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from desk.digest import name_of
from events import TICKET_ID
from store import mine, ticket_titles
from store.mine import Agent, DraftToSend, MyHold, MyRequest
from web.access.guard import person
from web.parts import SOURCES, Parts, sources
from web.shown import View, view_of
from web.times import zone_of
from web.typed import keep
from web.words import notice, word

COOKIE = "agent"
SANDBOX = {"agent@example.test": "webcrm:a17 usedesk:12"}  # the ids of the sandbox's agent in its CRMs
_KEPT = 365 * 86400  # seconds
_CRMS = tuple(source for source in SOURCES if source not in ("jira", "bot"))


def blueprint(parts: Parts) -> Blueprint:
    """Make `/mine`, and `/mine/me`, where agents enter their ids."""
    routes = Blueprint("mine", __name__)

    @routes.get("/mine")
    def page() -> str:
        """Show what the agent has to do."""
        known = agents(parts)
        found = _lists(parts, known) if known else {}
        crms = [(source, word("sources", source)) for source in sources(parts) if source in _CRMS]
        return render_template("mine.html", agents=known, crms=crms, **notice(request.args.get("told", "")), **found)

    @routes.post("/mine/me")
    def say() -> ResponseReturnValue:
        """Keep the agent's id in a CRM; an empty one deletes the cookie's value."""
        source, number = request.form.get("source", ""), request.form.get("number", "").strip()
        told = f"{source}:{number}"
        if number and not _read(told):
            keep("me")
            return redirect(url_for("mine.page", told="mine_unknown"), 303)
        answer = redirect(url_for("mine.page"), 303)
        kept = [one for one in _cookie().split() if not one.startswith(f"{source}:")]
        value = " ".join([*kept, told]) if number else ""
        answer.set_cookie(COOKIE, value, max_age=_KEPT, secure=request.is_secure, httponly=True, samesite="Lax")
        return answer

    return routes


def agents(parts: Parts) -> list[Agent]:
    """Return the CRM ids of whoever is signed in; empty if none were entered."""
    known = _cookie()
    if not known and parts.process.settings.smezhnik_sandbox:
        known = SANDBOX.get(person().email, "")
    return _read(known)


def _cookie() -> str:
    return request.cookies.get(COOKIE, "")[:200]


def _read(text: str) -> list[Agent]:
    pairs = [one.partition(":")[::2] for one in text.split()]
    return [pair for pair in pairs if pair[0] in _CRMS and re.fullmatch(TICKET_ID, pair[1])]


def _lists(parts: Parts, known: Sequence[Agent]) -> dict[str, object]:
    view, config, now = view_of(parts), parts.process.effective_config.current(), parts.process.clock.now()
    with parts.process.engine.connect() as connection:
        asked = [one for agent in known for one in mine.asked(connection, agent)]
        drafts = [one for agent in known for one in mine.drafts(connection, agent)]
        held = [one for agent in known for one in mine.held(connection, agent)]
        found: list[MyRequest | DraftToSend | MyHold] = [*asked, *drafts, *held]
        titles = ticket_titles.of_cases(connection, [f"{one.source}:{one.ticket_id}" for one in found])
    today = now.astimezone(zone_of(config)).replace(hour=23, minute=59, second=59)
    due = [one for one in asked if one.due_at and one.due_at <= today]
    return {
        "titles": view.titles(titles),
        "drafts": [(one, name_of(config, one.department), view.value(one.text)) for one in drafts],
        "due": [_asked(one, (view, config), now) for one in due],
        "waiting": [_asked(one, (view, config), now) for one in asked if one not in due],
        "held": [_held(one, view, now) for one in held],
    }


def _asked(one: MyRequest, by: tuple[View, Config], now: datetime) -> dict[str, object]:
    view, config = by
    return {
        "source": one.source,
        "ticket": one.ticket_id,
        "awaited": name_of(config, one.department),
        "topic": view.value(one.topic),
        "since": view.due(one.since),
        "due": view.due(one.due_at) if one.due_at else None,
        "late": bool(one.due_at and one.due_at <= now),
        "informed": one.informed,
    }


def _held(one: MyHold, view: View, now: datetime) -> dict[str, object]:
    return {
        "source": one.source,
        "ticket": one.ticket_id,
        "awaited": word("awaited", one.kind),
        "topic": "",
        "since": view.due(one.since),
        "due": view.due(one.due_at),
        "late": one.due_at <= now,
        "informed": True,
    }
