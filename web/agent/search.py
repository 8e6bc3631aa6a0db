"""One field for everything: the number of a ticket, the key of a Jira issue, the name of a page."""

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
    """`/find`."""
    routes = Blueprint("search", __name__)

    @routes.get("/find")
    def page() -> ResponseReturnValue:
        """To what was asked for where there is one of it, else a list, or that it is unknown."""
        wanted = storable(request.args.get("q", "")).strip()
        found = (_tickets(parts, wanted) or _pages(wanted)) if wanted else []
        if len(found) == 1:
            return redirect(found[0][0], 303)
        return render_template("search.html", wanted=wanted, found=found)

    return routes


def _tickets(parts: Parts, wanted: str) -> list[Found]:
    """The cards of a number, with or without its CRM (`webcrm:23814352`), or of an issue's key."""
    with parts.process.engine.connect() as connection:
        found = tickets.of_key(connection, wanted.upper()) if re.fullmatch(ISSUE_KEY, wanted.upper()) else []
        found += [pair for pair in _numbered(parts, wanted) if tickets.is_known(connection, *pair)]
    return [
        (url_for("card.page", source=source, ticket=number), f"{word('sources', source)} {number}")
        for source, number in dict.fromkeys(found)
    ]


def _numbered(parts: Parts, wanted: str) -> list[tuple[str, str]]:
    """Which tickets a text may name."""
    named, _, number = wanted.removeprefix("#").removeprefix("№").strip().rpartition(":")
    crms = [source for source in sources(parts) if source not in ("jira", "bot") and named.lower() in ("", source)]
    return [(source, number) for source in crms] if re.fullmatch(TICKET_ID, number) else []


def _pages(wanted: str) -> list[Found]:
    """The pages of the menu with these words in their name; one that is called just so is the only one."""
    endpoints = [endpoint for group in roles.menu(person().role).values() for endpoint in group]
    named = [(url_for(endpoint), word("menu", endpoint)) for endpoint in [*endpoints, "me.page"]]
    folded = wanted.casefold()
    exact = [one for one in named if one[1].casefold() == folded]
    return exact or [one for one in named if folded in one[1].casefold()]
