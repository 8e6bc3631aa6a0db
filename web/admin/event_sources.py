"""Where events of Jira come from, when each source last spoke, and what to copy into Jira Automation and Forge."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, render_template

from runtime.automation_rules import rules
from store import browse
from web.parts import Parts, own_address
from web.shown import View, view_of
from web.words import word

_OF_JIRA = ("jira", "automation", "forge")


def blueprint(parts: Parts) -> Blueprint:
    """`/state/sources`."""
    routes = Blueprint("event_sources", __name__)

    @routes.get("/state/sources")
    def page() -> str:
        """The sources, and the rules filled with this installation's address."""
        settings, view = parts.process.settings, view_of(parts)
        there = ("jira", *settings.further_doors)
        with parts.process.engine.connect() as connection:
            known = [(word("sources", one), one in there, _last(connection, one, view)) for one in _OF_JIRA]
        address = own_address(parts)
        return render_template(
            "event_sources.html",
            sources=known,
            address=address,
            is_guessed=settings.public_url is None,
            rules=rules(parts.process.reloader.current(), address),
            automation="automation" in there,
        )

    return routes


def _last(connection: sa.Connection, source: str, view: View) -> object:
    newest = browse.page(connection, browse.Filter(source=source), (source,)).rows[:1]
    return view.moment(newest[0].received_at) if newest else None
