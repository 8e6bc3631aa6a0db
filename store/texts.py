"""Deletes what people wrote once its case is long over: nothing has happened in it, and nothing is open.

A case is checked when the purge reaches one of its ended deliveries; its newest delivery decides. If something is still
open, the case is checked again a day later (`kept_texts`). Numbers, links, names of rules and actions, moments and
outcomes stay: who did what, by which rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from store import retention
from store.dialect import insert_into
from store.tables import deliveries as d
from store.tables import holds as h
from store.tables import ledger
from store.tables.duplicates import known_tickets as k
from store.tables.requests import promises as p
from store.tables.requests import requests as r
from store.tables.systems import kept_texts

AGAIN = timedelta(days=1)
CRMS = ("webcrm", "usedesk")  # other prefixes of a case are Jira sites, or the bot itself


def forget(
    connection: sa.Connection, before: datetime, now: datetime, limit: int, without_texts: Callable[[str], str]
) -> int:
    """Delete the texts of cases whose last delivery ended before a moment; return how much was checked.

    `without_texts` returns what is left of an event's JSON.
    """
    due = sa.select(kept_texts.c.case_id).where(kept_texts.c.look_at <= now).order_by(kept_texts.c.look_at)
    again = list(connection.execute(due.limit(limit)).scalars())
    met = retention.advance(connection, "texts", before, limit)
    cases = list(dict.fromkeys([*again, *(row.case_id for row in met)]))
    quiet = [case for case in cases if case not in _alive(connection, cases, before)]
    waiting = [case for case in quiet if _something_is_open(connection, case)]
    over = [case for case in quiet if case not in waiting]
    _strip(connection, over, now, without_texts)
    for case in over:
        _forget_in_tables(connection, case, now)
    if done := [case for case in again if case not in waiting]:
        connection.execute(sa.delete(kept_texts).where(kept_texts.c.case_id.in_(done)))
    _look_again(connection, waiting, now + AGAIN)
    return len(again) + len(met)


def _alive(connection: sa.Connection, cases: Sequence[str], before: datetime) -> set[str]:
    """Return the cases with a delivery that is unfinished or ended later, and so will be reached in its turn."""
    over = d.c.state.in_(("done", "ignored")) & (d.c.finished_at < before)
    query = sa.select(d.c.case_id).where(d.c.case_id.in_(cases), ~over | d.c.finished_at.is_(None)).distinct()
    return set(connection.execute(query).scalars()) if cases else set()


def _something_is_open(connection: sa.Connection, case: str) -> bool:
    open_ones = (
        sa.select(h.c.id).where(_of(h, case), h.c.ended_at.is_(None)),
        sa.select(r.c.id).where(_of(r, case), r.c.state == "open"),
        sa.select(p.c.id).where(_of(p, case), sa.text("state IN ('draft', 'made')")),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in open_ones)


def _of(table: sa.Table, case: str) -> sa.ColumnElement[bool]:
    source, number = _ticket_of(case)
    return (table.c.source == source) & (table.c.ticket_id == number)


def _ticket_of(case: str) -> tuple[str, str]:
    """Return the source and ticket of a case; an issue without a known ticket has holds and requests of its own."""
    source, _, number = case.partition(":")
    return (source if source in (*CRMS, "bot") else "jira"), number


def _strip(
    connection: sa.Connection, cases: Collection[str], now: datetime, without_texts: Callable[[str], str]
) -> None:
    """Delete the texts of deliveries and of their ledger rows; without their texts, deliveries cannot run again."""
    query = sa.select(d.c.id, d.c.event).where(d.c.case_id.in_(cases), d.c.texts_gone_at.is_(None))
    rows = connection.execute(query).all() if cases else []
    if not rows:
        return
    numbers = [row.id for row in rows]
    left = [{"number": row.id, "left": without_texts(row.event) if row.event else None} for row in rows]
    change = sa.update(d).where(d.c.id == sa.bindparam("number"))
    connection.execute(change.values(event=sa.bindparam("left"), body="", texts_gone_at=now), left)
    connection.execute(sa.update(ledger).where(ledger.c.delivery.in_(numbers)).values(before=None, after=None))


def _forget_in_tables(connection: sa.Connection, case: str, now: datetime) -> None:
    gone = {"text": "", "topic": None, "snooze_reason": None, "texts_gone_at": now}
    connection.execute(sa.update(r).where(_of(r, case), r.c.texts_gone_at.is_(None)).values(**gone))
    asked = sa.select(r.c.id).where(_of(r, case))  # promises have an index by ticket only for those not ended
    connection.execute(sa.update(p).where(p.c.request.in_(asked.scalar_subquery())).values(text=""))
    connection.execute(sa.update(h).where(_of(h, case)).values(question=None))
    connection.execute(sa.update(k).where(_of(k, case)).values(text=None))


def _look_again(connection: sa.Connection, cases: Iterable[str], at: datetime) -> None:
    insert = insert_into(connection, kept_texts)
    rows = [{"case_id": case, "look_at": at} for case in cases]
    if rows:
        put = insert.on_conflict_do_update(index_elements=["case_id"], set_={"look_at": at})
        connection.execute(put, rows)
