"""One search field for everything: a ticket's number, a Jira issue's key, a page's name."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from events import ISSUE_KEY, TICKET_ID
from store import tickets
from web.access import roles
from web.access.guard import person
from web.parts import Parts, sources
from web.query_parameters import storable
from web.words import word

Found = tuple[str, str]  # an address, and what is there


def blueprint(parts: Parts) -> Blueprint:
    """Make `/find`."""
    routes = Blueprint("search", __name__)

    @routes.get("/find")
    def page() -> ResponseReturnValue:
        """Redirect to the only hit; else show the list of hits, or that there is none."""
        wanted = storable(request.args.get("q", "")).strip()
        found = (_tickets(parts, wanted) or _pages(wanted)) if wanted else []
        if len(found) == 1:
            return redirect(found[0][0], 303)
        return render_template("search.html", wanted=wanted, found=found)

    return routes


def _tickets(parts: Parts, wanted: str) -> list[Found]:
    """Return the cards for a number, with or without its CRM (`webcrm:23814352`), or for an issue's key."""
    with parts.process.engine.connect() as connection:
        found = tickets.of_key(connection, wanted.upper()) if re.fullmatch(ISSUE_KEY, wanted.upper()) else []
        found += [pair for pair in _numbered(parts, wanted) if tickets.is_known(connection, *pair)]
    return [
        (url_for("card.page", source=source, ticket=number), f"{word('sources', source)} {number}")
        for source, number in dict.fromkeys(found)
    ]


def _numbered(parts: Parts, wanted: str) -> list[tuple[str, str]]:
    """Return the tickets that a text may name."""
    named, _, number = wanted.removeprefix("#").removeprefix("№").strip().rpartition(":")
    crms = [source for source in sources(parts) if source not in ("jira", "bot") and named.lower() in ("", source)]
    return [(source, number) for source in crms] if re.fullmatch(TICKET_ID, number) else []


def _pages(wanted: str) -> list[Found]:
    """Return the menu's pages whose names contain the text, or only the one with exactly that name."""
    endpoints = [endpoint for group in roles.menu(person().role).values() for endpoint in group]
    named = [(url_for(endpoint), word("menu", endpoint)) for endpoint in [*endpoints, "me.page"]]
    folded = wanted.casefold()
    exact = [one for one in named if one[1].casefold() == folded]
    return exact or [one for one in named if folded in one[1].casefold()]
