"""Rule hits: what rules only warned of or recorded, by rule and agent, and which hits people marked as false alarms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.dialect import insert_into, is_postgresql
from store.rows import RuleHitRow
from store.tables import deliveries as d
from store.tables import ledger as g
from store.tables.reports import false_alarms as f

PAGE = 50
MOST = 20_000  # the most rule hits of a period that are counted
HITS = sa.text("ledger.outcome IN ('observed', 'warned')")  # as in the partial index


def _of_period(start: datetime, end: datetime) -> sa.Select[Any]:
    columns = (g.c.id, g.c.rule, g.c.delivery, g.c.begun_at)
    found = sa.select(*columns).where(HITS, g.c.begun_at >= start, g.c.begun_at < end)
    return found.order_by(g.c.begun_at.desc(), g.c.id.desc())


def by_rule(connection: sa.Connection, start: datetime, end: datetime) -> list[tuple[str, int]]:
    """Return how often each rule was hit, most often first, among the newest `MOST`."""
    part = _of_period(start, end).limit(MOST).subquery()
    count = sa.func.count()
    found = connection.execute(sa.select(part.c.rule, count).group_by(part.c.rule).order_by(count.desc(), part.c.rule))
    return [(rule, number) for rule, number in found]


def table(
    connection: sa.Connection, start: datetime, end: datetime, *, agents: bool
) -> list[tuple[str, str, int, int]]:
    """Return rule, agent (empty unless requested), hits, and false alarms, among the newest `MOST`."""
    part = _of_period(start, end).limit(MOST).subquery()
    who: sa.ColumnElement[str] = _agent(connection) if agents else sa.literal("")
    count, false = sa.func.count(), sa.func.count(f.c.ledger)
    rows = sa.select(part.c.rule, sa.func.coalesce(who, "").label("agent"), count, false)
    rows = rows.select_from(part).outerjoin(f, f.c.ledger == part.c.id)
    if agents:
        rows = rows.join(d, d.c.id == part.c.delivery)
    rows = rows.group_by(part.c.rule, sa.text("agent")).order_by(count.desc(), part.c.rule, sa.text("agent"))
    return [(rule, agent, number, wrong) for rule, agent, number, wrong in connection.execute(rows)]


def _agent(connection: sa.Connection) -> sa.ColumnElement[str]:
    """Extract the agent from a delivery's event in the database."""
    if is_postgresql(connection):
        return sa.func.json_extract_path_text(sa.cast(d.c.event, sa.JSON), "agent", "id")
    return sa.func.json_extract(d.c.event, "$.agent.id")


def steps(
    connection: sa.Connection,
    span: tuple[datetime, datetime],
    rules: Collection[str] | None,
    after: tuple[datetime, int] | None,
) -> Sequence[RuleHitRow]:
    """Return hits of some rules (`None`: all), newest first, with case and marks; one more than `PAGE`."""
    query = sa.select(g, d.c.case_id, f.c.who.label("marked_by"), f.c.reason.label("mark")).join(
        d, d.c.id == g.c.delivery
    )
    query = query.outerjoin(f, f.c.ledger == g.c.id).where(HITS, g.c.begun_at >= span[0], g.c.begun_at < span[1])
    if rules is not None:
        query = query.where(g.c.rule.in_(rules))
    if after is not None:
        query = query.where(sa.or_(g.c.begun_at < after[0], sa.and_(g.c.begun_at == after[0], g.c.id < after[1])))
    return connection.execute(query.order_by(g.c.begun_at.desc(), g.c.id.desc()).limit(PAGE + 1)).all()


def marked(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of these ledger rows are marked as false alarms."""
    return set(connection.execute(sa.select(f.c.ledger).where(f.c.ledger.in_(numbers))).scalars()) if numbers else set()


def mark(connection: sa.Connection, step: int, who: str, reason: str | None, now: datetime) -> bool:
    """Mark a ledger row as a false alarm; False if it does not exist or is marked already."""
    if connection.execute(sa.select(g.c.id).where(g.c.id == step)).first() is None:
        return False
    row = insert_into(connection, f).values(ledger=step, who=who[:254], at=now, reason=reason).on_conflict_do_nothing()
    return connection.execute(row.returning(f.c.ledger)).first() is not None


def unmark(connection: sa.Connection, step: int) -> bool:
    """Remove a mark; return whether there was one."""
    return connection.execute(sa.delete(f).where(f.c.ledger == step).returning(f.c.ledger)).first() is not None
