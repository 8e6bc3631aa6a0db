"""Repeated contacts (R-27): earlier tickets of the same client or seller on the same topic, as CRMs reported."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from store import known_tickets
from store.known_tickets import KnownTicket
from store.tables.duplicates import known_tickets as k

MOST = 50  # tickets of one client that are compared
TWICE = 2
COUNTED = 20_000  # the most tickets that are counted, latest first


def earlier(connection: sa.Connection, source: str, ticket_id: str, since: datetime) -> list[KnownTicket]:
    """Return earlier tickets of the same party, Type and Subtype that were heard of since a moment, newest first."""
    ticket = known_tickets.get(connection, source, ticket_id)
    if ticket is None or not ticket.type:
        return []
    topic = _topic(ticket)
    found = known_tickets.others(connection, ticket, since, MOST)
    same = [one for one in found if _topic(one) == topic and one.opened_at < ticket.opened_at]
    return sorted(same, key=lambda one: one.opened_at, reverse=True)


def counts(connection: sa.Connection, since: datetime) -> tuple[int, int]:
    """Return how many parties wrote on the same topic more than once since a moment, and how many more than twice."""
    key = (k.c.source, k.c.party, k.c.type, k.c.subtype)
    told = (k.c.heard_at >= since, k.c.party.is_not(None), k.c.type.is_not(None))
    part = sa.select(*key).where(*told).order_by(k.c.heard_at.desc()).limit(COUNTED).subquery()
    number = sa.func.count()
    groups = sa.select(number.label("n")).select_from(part).group_by(*part.c).having(number > 1).subquery()
    more = sa.func.coalesce(sa.func.sum(sa.case((groups.c.n > TWICE, 1), else_=0)), 0)
    row = connection.execute(sa.select(sa.func.count(), more).select_from(groups)).one()
    return int(row[0]), int(row[1])


def _topic(ticket: KnownTicket) -> tuple[str, str]:
    return (ticket.type or "").casefold(), (ticket.subtype or "").casefold()
