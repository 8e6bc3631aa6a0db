"""The pages' figures again, by SQL and arithmetic that share nothing with the store's modules; on SQLite."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from tests.browser.conftest import House

# Where the report's distribution has its edges, in hours: within one of its columns a quantile is reckoned.
EDGES = (0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42, 48, 60, 72, 96, 120)


def sql(house: House, query: str, **given: Any) -> list[tuple[Any, ...]]:
    """The rows of a query that a test wrote."""
    with house.bot.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), given)]


def number(house: House, query: str, **given: Any) -> int:
    """The one number of a query."""
    return int(sql(house, query, **given)[0][0])


def stamp(at: datetime) -> str:
    """A moment as SQLite keeps it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def awaited(house: House, department: str = "%") -> dict[str, int]:
    """What waits for longer than a day, by kind."""
    open_ones = (
        "FROM requests r WHERE state = 'open' AND department LIKE :department AND coalesce(snoozed_until, '') < :now"
    )
    broken = "EXISTS (SELECT 1 FROM promises p WHERE p.request = r.id AND p.state = 'broken')"
    late = f"{open_ones} AND due_at <= :now AND NOT {broken} AND client_informed_at IS"
    hold = "FROM holds WHERE ended_at IS NULL AND due_at <= :now AND :department = '%' AND kind ="
    queries = {
        "не сдержано обещание клиенту": f"{open_ones} AND {broken}",
        "клиент не предупреждён": f"{late} NULL",
        "не отвечает смежный отдел": f"{late} NOT NULL",
        "удержание для Ozon": f"{hold} 'ozon'",
        "удержание для продавца": f"{hold} 'seller'",
    }
    given = {"now": stamp(house.bot.process.clock.now()), "department": department}
    found = {name: number(house, f"SELECT count(*) {query}", **given) for name, query in queries.items()}
    return {name: n for name, n in found.items() if n}


def figures(house: House, first: str, last: str) -> dict[str, Any]:
    """The report's figures of some days, out of the requests themselves; `took`: hours, in order."""
    start, end = (datetime.fromisoformat(f"{day}T00:00:00+03:00") for day in (first, last))
    end += timedelta(days=1)
    between = {"start": stamp(start), "end": stamp(end)}
    sent = [
        number(
            house,
            "SELECT count(DISTINCT request) FROM reminders"
            " WHERE step = :step AND outcome = 'sent' AND sent_at >= :start AND sent_at < :end",
            step=step,
            **between,
        )
        for step in range(3)
    ]
    answers = sql(
        house,
        "SELECT step, (julianday(answered_at) - julianday(since)) * 24 FROM requests"
        " WHERE answered_at >= :start AND answered_at < :end ORDER BY 2",
        **between,
    )
    last_ones = sql(
        house,
        "SELECT m.sent_at, r.closed_at FROM reminders m JOIN requests r ON r.id = m.request"
        " WHERE m.step = 2 AND m.outcome = 'sent' GROUP BY r.id",
    )
    silent = [
        (datetime.fromisoformat(f"{sent_at}+00:00") + timedelta(hours=24), closed) for sent_at, closed in last_ones
    ]
    took = [hours for _, hours in answers]
    return {
        "asked": number(house, "SELECT count(*) FROM requests WHERE since >= :start AND since < :end", **between),
        "sent": sent,
        "answered": [sum(step == after for step, _ in answers) for after in range(4)],
        "ignored": sum(start <= at < end and (closed is None or closed >= stamp(at)) for at, closed in silent),
        "took": took,
        "within": sum(hours <= 24 for hours in took) / len(took),
    }


def fits(shown: float, took: list[float], share: float) -> bool:
    """Whether a quantile lies in the column of the distribution where the exact one does."""
    exact = took[math.ceil(share * len(took)) - 1]
    column = next((low, high) for low, high in pairwise(EDGES) if low < exact <= high)
    return column[0] < shown <= column[1]


def in_words(hours: float) -> str:
    """Hours as the report says them."""
    days, rest = divmod(round(hours * 60), 24 * 60)
    return f"{days} д {rest // 60} ч" if days else f"{rest // 60} ч {rest % 60:02} мин"
