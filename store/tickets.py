"""One ticket for its card: what came in about it from every system, and what was done; by the index of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store import holds, links, promises, requests
from store.holds import Hold
from store.links import Link
from store.promises import Promise
from store.requests import Request
from store.tables import deliveries as d
from store.tables import ledger
from store.tables import links as link_table

NEWEST = 40  # deliveries of a timeline


@dataclass(frozen=True)
class Standing:
    """What the bot knows of a ticket now; `requests` open or not, `promises` alive."""

    issues: Sequence[Link]
    hold: Hold | None
    requests: Sequence[Request]
    promises: Sequence[Promise]

    @property
    def drafts(self) -> Sequence[Promise]:
        """The reply of each request that an agent may send: its newest, for what an older one says is true no more."""
        return list({one.request: one for one in self.promises if one.state == promises.DRAFT}.values())


def timeline(connection: sa.Connection, source: str, ticket_id: str) -> list[sa.Row[Any]]:
    """The newest deliveries of a ticket: its own case, those of its issues from before they were linked."""
    mine = (link_table.c.source == source, link_table.c.ticket_id == ticket_id)
    issues = connection.execute(sa.select(link_table.c.site, link_table.c.issue_id).where(*mine))
    cases = [f"{source}:{ticket_id}", *(f"{row.site}:{row.issue_id}" for row in issues)]
    columns = (d.c.id, d.c.source, d.c.type, d.c.state, d.c.reason, d.c.received_at, d.c.case_id)
    found: list[sa.Row[Any]] = []
    for case in cases:
        query = sa.select(*columns).where(d.c.case_id == case).order_by(d.c.id.desc()).limit(NEWEST)
        found += connection.execute(query)
    return sorted(found, key=lambda row: -row.id)[:NEWEST]


def of_cases(connection: sa.Connection, cases: Sequence[str]) -> list[sa.Row[Any]]:
    """The newest deliveries of other cases (alarms and words of people about a ticket's requests and holds)."""
    columns = (d.c.id, d.c.source, d.c.type, d.c.state, d.c.reason, d.c.received_at, d.c.case_id)
    query = sa.select(*columns).where(d.c.case_id.in_(cases)).order_by(d.c.id.desc()).limit(NEWEST)
    return list(connection.execute(query)) if cases else []


def last_events(connection: sa.Connection, source: str, ticket_id: str, limit: int) -> list[str]:
    """The newest events of a ticket's own CRM, as the store keeps them, the newest first."""
    mine = (d.c.case_id == f"{source}:{ticket_id}", d.c.source == source, d.c.event.is_not(None))
    query = sa.select(d.c.event).where(*mine).order_by(d.c.id.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def warned(connection: sa.Connection, deliveries: Sequence[int]) -> list[sa.Row[Any]]:
    """What rules that only warn or record found in these deliveries."""
    where = (ledger.c.delivery.in_(deliveries), ledger.c.outcome.in_(("observed", "warned")))
    return list(connection.execute(sa.select(ledger).where(*where).order_by(ledger.c.id.desc()))) if deliveries else []


def standing(connection: sa.Connection, source: str, ticket_id: str) -> Standing:
    """How a ticket stands, by one indexed query for each part: the card's own, and that of Usedesk's block."""
    return Standing(
        issues=links.all_of_ticket(connection, source, ticket_id),
        hold=holds.open_of_ticket(connection, source, ticket_id),
        requests=requests.of_ticket(connection, source, ticket_id),
        promises=promises.alive_of_ticket(connection, source, ticket_id),
    )
