"""The card of an issue's ticket for the panel in Jira: its state, and a link to its page. It changes nothing.

Everybody who may see the issue sees the panel, so it shows only what is awaited from whom, since when and until when:
no client, no messages and no drafts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from flask import url_for

from config import Config
from store import links, tickets
from store.requests import OPEN
from store.tickets import TicketStanding
from web.parts import Parts, own_address
from web.words import word, words

Line = tuple[str, str]


class PanelCard(TypedDict):
    """What the panel shows: a title, lines of a name and a value, and the URL of the ticket's page."""

    title: str
    lines: list[Line]
    page: str | None


def issue_panel(parts: Parts) -> Callable[[str, str], PanelCard]:
    """Return a function that makes the card of an issue (site, id)."""

    def show(site: str, issue: str) -> PanelCard:
        config = parts.process.reloader.current()
        with parts.process.engine.connect() as connection:
            link = links.of_issue(connection, site, issue)
            if link is None:
                return PanelCard(title=word("panel", "no_ticket"), lines=[], page=None)
            found = tickets.standing(connection, link.source, link.ticket_id)
        title = f"{word('sources', link.source)}, {word('panel', 'ticket')} {link.ticket_id}"
        page = own_address(parts) + url_for("card.page", source=link.source, ticket=link.ticket_id)
        lines = list(_lines(found, config, parts.process.clock.now()))
        return PanelCard(title=title, lines=lines or [(word("panel", "nothing"), "")], page=page)

    return show


def _lines(found: TicketStanding, config: Config, now: datetime) -> Iterator[Line]:
    if found.hold:
        late = word("panel", "overdue") if found.hold.due_at <= now else word("panel", "due")
        hold = words()["block"]["hold"].get(found.hold.kind, found.hold.kind)
        yield hold, f"{_since(found.hold.since, config)}, {late} {_local(found.hold.due_at, config)}"
    for one in found.requests:
        if one.state == OPEN:
            known = config.departments.find(one.department)
            after = f", {word('panel', 'next')} {_local(one.next_at, config)}" if one.next_at else ""
            name = f"{word('panel', 'request')} {known.name if known else one.department}"
            yield name, _since(one.since, config) + after
    for issue in found.issues:
        yield issue.issue_key, issue.status or word("panel", "no_status")


def _since(at: datetime, config: Config) -> str:
    return f"{word('panel', 'since')} {_local(at, config)}"


def _local(at: datetime, config: Config) -> str:
    """Write a moment in the company's time zone, as all readers of the panel belong to the company."""
    zone = ZoneInfo(config.calendar.calendars[config.calendar.company].zone)
    return f"{at.astimezone(zone):%d.%m.%Y %H:%M}"
