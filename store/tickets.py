"""Data for a ticket's card: what came in about it from every system, and what was done; by the index of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from store import holds, links, promises, requests
from store.holds import Hold
from store.links import Link
from store.promises import Promise
from store.requests import Request
from store.rows import EventRow, StepRow
from store.tables import deliveries as d
from store.tables import holds as hold_table
from store.tables import ledger
from store.tables import links as link_table
from store.tables.requests import requests as request_table

NEWEST = 40  # deliveries in a timeline
_FOUND = 20  # the most tickets that one key may lead to


@dataclass(frozen=True)
class TicketStanding:
    """What the bot knows of a ticket now: `requests` open or not, `promises` that have not ended."""

    issues: Sequence[Link]
    hold: Hold | None
    requests: Sequence[Request]
    promises: Sequence[Promise]

    @property
    def drafts(self) -> Sequence[Promise]:
        """The newest draft of each request, which an agent may send: older ones are outdated."""
        return list({one.request: one for one in self.promises if one.state == promises.DRAFT}.values())


def timeline(connection: sa.Connection, source: str, ticket_id: str) -> list[EventRow]:
    """Return the newest deliveries of a ticket: of its own case, and of its issues from before they were linked."""
    mine = (link_table.c.source == source, link_table.c.ticket_id == ticket_id)
    issues = connection.execute(sa.select(link_table.c.site, link_table.c.issue_id).where(*mine))
    cases = [f"{source}:{ticket_id}", *(f"{row.site}:{row.issue_id}" for row in issues)]
    columns = (d.c.id, d.c.source, d.c.type, d.c.state, d.c.reason, d.c.received_at, d.c.case_id)
    found: list[EventRow] = []
    for case in cases:
        query = sa.select(*columns).where(d.c.case_id == case).order_by(d.c.id.desc()).limit(NEWEST)
        found += connection.execute(query)
    return sorted(found, key=lambda row: -row.id)[:NEWEST]


def of_cases(connection: sa.Connection, cases: Sequence[str]) -> list[EventRow]:
    """Return the newest deliveries of other cases (timers, and persons' actions on a ticket's requests and holds)."""
    columns = (d.c.id, d.c.source, d.c.type, d.c.state, d.c.reason, d.c.received_at, d.c.case_id)
    query = sa.select(*columns).where(d.c.case_id.in_(cases)).order_by(d.c.id.desc()).limit(NEWEST)
    return list(connection.execute(query)) if cases else []


def all_of(connection: sa.Connection, source: str, ticket_id: str, others: Sequence[str]) -> list[EventRow]:
    """Return the newest deliveries of a ticket and of these other cases, each once."""
    rows = {row.id: row for row in [*timeline(connection, source, ticket_id), *of_cases(connection, others)]}
    return sorted(rows.values(), key=lambda row: -row.id)[:NEWEST]


def is_known(connection: sa.Connection, source: str, ticket_id: str) -> bool:
    """Whether the store has anything about a ticket."""
    case = sa.exists().where(d.c.case_id == f"{source}:{ticket_id}")
    kept = [
        sa.exists().where(table.c.source == source, table.c.ticket_id == ticket_id)
        for table in (link_table, request_table, hold_table)
    ]
    return bool(connection.execute(sa.select(sa.or_(case, *kept))).scalar_one())


def of_key(connection: sa.Connection, key: str) -> list[tuple[str, str]]:
    """Return the tickets (source, id) of an issue, by its key."""
    found = sa.select(link_table.c.source, link_table.c.ticket_id).where(link_table.c.issue_key == key)
    return [(row.source, row.ticket_id) for row in connection.execute(found.order_by(link_table.c.id).limit(_FOUND))]


def last_events(connection: sa.Connection, source: str, ticket_id: str, limit: int) -> list[str]:
    """Return the newest stored events of a ticket from its own CRM, newest first."""
    mine = (d.c.case_id == f"{source}:{ticket_id}", d.c.source == source, d.c.event.is_not(None))
    query = sa.select(d.c.event).where(*mine).order_by(d.c.id.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def warned(connection: sa.Connection, deliveries: Sequence[int]) -> list[StepRow]:
    """Return what rules in modes warn and observe found in these deliveries."""
    where = (ledger.c.delivery.in_(deliveries), ledger.c.outcome.in_(("observed", "warned")))
    return list(connection.execute(sa.select(ledger).where(*where).order_by(ledger.c.id.desc()))) if deliveries else []


def standing(connection: sa.Connection, source: str, ticket_id: str) -> TicketStanding:
    """Return the current state of a ticket, with one indexed query per part, for its card and for Usedesk's block."""
    return TicketStanding(
        issues=links.all_of_ticket(connection, source, ticket_id),
        hold=holds.open_of_ticket(connection, source, ticket_id),
        requests=requests.of_ticket(connection, source, ticket_id),
        promises=promises.alive_of_ticket(connection, source, ticket_id),
    )
