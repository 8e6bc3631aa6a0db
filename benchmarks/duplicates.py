"""How long the search of duplicates takes with few and with very many tickets stored: what is read, and what compared.

Of the many a seller has more than are compared; a third of them is about the same supply. The answer of the CRM's list
is left out: that is the CRM's time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from benchmarks.figures import show
from benchmarks.servers import Maker, stores
from config import Config, load
from desk.similarity import similar
from store import known_tickets, merged_tickets
from store.database import connect
from store.known_tickets import KnownTicket
from store.tables.duplicates import known_tickets as table

FEW, MANY = 1_000, 1_000_000
OF_ONE = 60  # tickets of a seller: more than are compared
ROUNDS = 200
PIECE = 10_000
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "an-invented-token"}
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TEXT = "Водитель стоит у ворот третий час, пропуск не находят, груз по поставке 20000{number:05} не принимают. "


def main() -> None:
    """Measure both databases."""
    with stores() as makers, TemporaryDirectory() as folder:
        rows = [_measure(name, maker, Path(folder)) for name, maker in makers.items()]
    title = f"A search of duplicates, {OF_ONE} tickets of the same seller"
    show(title, ("", f"{FEW:,} stored, ms", "p99", f"{MANY:,} stored, ms", "p99", "ratio"), rows)


def _measure(name: str, maker: Maker, folder: Path) -> list[Any]:
    config = load(Path("config"), ENV)
    urls = [maker.fresh(folder) for _ in (FEW, MANY)]
    engines = [connect(url, pool_size=2) for url in urls]
    for engine, stored in zip(engines, (FEW, MANY), strict=True):
        _fill(engine, stored)
    times: list[list[float]] = [[], []]
    for number in range(ROUNDS):  # in turn: what else the machine does is the same for both
        for engine, taken in zip(engines, times, strict=True):
            taken.append(_seconds(engine, config, number % (FEW // OF_ONE)))
    for engine, url in zip(engines, urls, strict=True):
        engine.dispose()
        maker.drop(url)
    few, many = map(_figures, times)
    return [name, *few, *many, round(many[0] / few[0], 2)]


def _figures(times: list[float]) -> tuple[float, float]:
    """Median and p99 in milliseconds."""
    ordered = sorted(times)
    return round(ordered[len(ordered) // 2] * 1000, 1), round(ordered[int(len(ordered) * 0.99)] * 1000, 1)


def _fill(engine: sa.Engine, stored: int) -> None:
    for first in range(0, stored, PIECE):
        rows = [_row(number) for number in range(first, min(first + PIECE, stored))]
        with engine.begin() as connection:
            connection.execute(sa.insert(table), rows)
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))


def _row(number: int) -> dict[str, object]:
    moment = NOW - timedelta(seconds=number)
    text = TEXT * 8 if number < FEW else TEXT
    return {
        "source": "webcrm", "ticket_id": str(number), "party": f"partner:{number // OF_ONE}", "status": "В работе",
        "channel": "chat", "type": "Отгрузка со склада OZON (FBO)", "subtype": f"Подтип {number % 5}",
        "supply_no": f"20000{number % 3:05}", "text": text.format(number=number % 7), "created_at": moment,
        "told_at": moment, "heard_at": NOW,
    }  # fmt: skip


def _seconds(engine: sa.Engine, config: Config, seller: int) -> float:
    began = time.perf_counter()
    ticket = KnownTicket(
        "webcrm", "new", NOW, f"partner:{seller}", supply_no="2000000001", text=(TEXT * 8).format(number=1)
    )
    with engine.connect() as connection:
        near = known_tickets.others(connection, ticket, NOW - config.duplicates.within, config.duplicates.most)
        alike = similar(ticket, near, config)
        merged_tickets.of_tickets(connection, "webcrm", [one.ticket.ticket_id for one in alike])
    return time.perf_counter() - began
