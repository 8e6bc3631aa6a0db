"""What agents were told about tickets (each finding once), and what is checked again when its timer fires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import timers
from store.dialect import insert_into
from store.tables.usedesk import findings as f
from store.tables.usedesk import used_links
from store.tables.usedesk import watches as w

LONGEST = 64  # characters that a finding or a watch's subject may have


@dataclass(frozen=True)
class About:
    """A finding of a rule in a ticket."""

    source: str
    ticket_id: str
    rule: str
    finding: str


@dataclass(frozen=True)
class Watch:
    """A ticket that is checked again for a rule at `due_at`; `subject` is what the rule needs to know then."""

    id: int
    source: str
    ticket_id: str
    rule: str
    agent_id: str | None
    subject: str | None
    since: datetime
    due_at: datetime
    ended_at: datetime | None


_COLUMNS = [w.c[name] for name in Watch.__annotations__]


def told_by(connection: sa.Connection, about: About) -> str | None:
    """Return the delivery that told this finding; `None` if it was not told."""
    mine = (f.c.source == about.source, f.c.ticket_id == about.ticket_id, f.c.rule == about.rule)
    told: str | None = connection.execute(sa.select(f.c.delivery).where(*mine, f.c.finding == about.finding)).scalar()
    return told


def add(connection: sa.Connection, about: About, delivery: str, now: datetime) -> None:
    """Record that a finding was told."""
    row = insert_into(connection, f).values(**about.__dict__, delivery=delivery, at=now)
    connection.execute(row.on_conflict_do_nothing())


def timer_key(watch: int) -> str:
    """Return the key of a watch's timer."""
    return f"watch:{watch}"


def get(connection: sa.Connection, watch: int) -> Watch | None:
    """Return a watch by its number, open or ended."""
    row = connection.execute(sa.select(*_COLUMNS).where(w.c.id == watch)).first()
    return Watch(*row) if row else None


def open_of_ticket(connection: sa.Connection, source: str, ticket_id: str, rule: str) -> Watch | None:
    """Return the open watch of a ticket for a rule."""
    mine = (w.c.source == source, w.c.ticket_id == ticket_id, w.c.rule == rule, w.c.ended_at.is_(None))
    row = connection.execute(sa.select(*_COLUMNS).where(*mine)).first()
    return Watch(*row) if row else None


def begin(connection: sa.Connection, values: dict[str, object], now: datetime) -> int | None:
    """Begin a watch, with its timer; return its number, or `None` if the ticket has an open one for this rule."""
    row = insert_into(connection, w).values(**values).on_conflict_do_nothing().returning(w.c.id, w.c.due_at)
    added = connection.execute(row).first()
    if added is None:
        return None
    timers.add(connection, timer_key(added.id), added.due_at, now)
    return int(added.id)


def end(connection: sa.Connection, watch: int, now: datetime) -> None:
    """End a watch and cancel its timer; an ended one stays as it is."""
    connection.execute(sa.update(w).where(w.c.id == watch, w.c.ended_at.is_(None)).values(ended_at=now))
    timers.cancel(connection, timer_key(watch))


def use_link(connection: sa.Connection, nonce: str, now: datetime) -> bool:
    """Use a link up; False if it was used before."""
    row = insert_into(connection, used_links).values(nonce=nonce, used_at=now).on_conflict_do_nothing()
    return connection.execute(row.returning(used_links.c.nonce)).first() is not None


def purge_links(connection: sa.Connection, before: datetime) -> None:
    """Delete links used before a moment; by then they had expired anyway."""
    connection.execute(sa.delete(used_links).where(used_links.c.used_at < before))
