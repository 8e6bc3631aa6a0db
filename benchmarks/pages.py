"""Pages and files of the lead with years of rows: 1,000,000 requests, 3,000,000 rows of the ledger, 100,000 holds.

The rows are made by SQL. `PAGES_SHARE=0.1` makes a tenth of them.
"""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.figures import show
from desk.figures import last_step
from store import rollups
from tests.databases import Postgres, Sqlite, reachable
from tests.web.site import Site, opened
from web.times import zone_of

REQUESTS, LEDGER, HOLDS = 1_000_000, 3_000_000, 100_000
DAYS = 730
_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {most}) SELECT n FROM s) AS s",
    "postgresql": "generate_series(CAST(1 AS bigint), {most}) AS s(n)",
}
_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', '{start}', '+' || CAST(({of}) AS INTEGER) || ' seconds') || '.000000'",
    "postgresql": "(TIMESTAMPTZ '{start}+00' + ({of}) * interval '1 second')",
}
_DEPARTMENTS = (
    "technical",
    "developers",
    "service_centre",
    "brand_store",
    "service",
    "product",
    "warehouse",
    "ff:Казань",
)
_SPREAD = "(s.n * 7919 % {most}) * {step}"  # seconds after the start: the same on both databases
_REQUESTS = """
    INSERT INTO requests (source, ticket_id, department, number, origin, state, text, answer_required, owner_id, topic,
        since, due_at, next_at, step, ring, answered_at, closed_at, closed_why, answered_how, client_informed_at, top,
        opened_by)
    SELECT 'usedesk', CAST(s.n AS TEXT), {department}, 1, 'usedesk',
        CASE WHEN s.n % 200 = 0 THEN 'open' ELSE 'answered' END, '?', true, CAST(s.n % 100 AS TEXT), 't' || (s.n % 30),
        {since}, {due}, {due}, s.n % 4, 1, CASE WHEN s.n % 200 = 0 THEN NULL ELSE {answered} END,
        CASE WHEN s.n % 200 = 0 THEN NULL ELSE {answered} END, 'comment', 'comment',
        CASE WHEN s.n % 3 = 0 THEN NULL ELSE {since} END, s.n / 200 % 50 = 0, 'x'
    FROM {series}
"""
_REMINDERS = """
    INSERT INTO reminders (request, step, told, due_at, sent_at, late, outcome)
    SELECT s.n, 0, 'department', {due}, {due}, false, 'sent' FROM {series} WHERE s.n % 4 > 0
"""
_HOLDS = """
    INSERT INTO holds (source, ticket_id, kind, stage, owner_id, since, due_at, ended_at, top)
    SELECT 'webcrm', CAST(s.n AS TEXT), CASE s.n % 3 WHEN 0 THEN 'ozon' WHEN 1 THEN 'seller' ELSE 'client' END,
        'waiting', CAST(s.n % 100 AS TEXT), {since}, {due}, CASE WHEN s.n % 50 = 0 THEN NULL ELSE {answered} END,
        s.n % 20 = 0
    FROM {series}
"""
_DELIVERIES = """
    INSERT INTO deliveries (source, delivery_id, case_id, type, state, body, event, received_at, finished_at)
    SELECT 'usedesk', 'e' || s.n, 'usedesk:' || s.n, 'ticket.message', 'done', '{{}}', '{{"agent": {{"id": "7"}}}}',
        {since}, {since}
    FROM {series}
"""
_STEPS = """
    INSERT INTO ledger (delivery, rule, verb, n, mode, target, outcome, begun_at, done_at)
    SELECT (s.n - 1) % {requests} + 1, CASE s.n % 3 WHEN 0 THEN 'U-14' WHEN 1 THEN 'U-15' ELSE 'U-30' END, 'v',
        (s.n - 1) / {requests} + 1, 'act', 't', CASE WHEN s.n % 10 = 0 THEN 'warned' ELSE 'done' END, {since}, {since}
    FROM {series}
"""
_PAGES = (
    "/board",
    "/board?department=service",
    "/board?kind=seller",
    "/report",
    "/report?{year}",
    "/report?{year}&department=service",
    "/report?{month}&department=service&agent=usedesk:11",
    "/report/list?{year}&kind=answered&step=2",
    "/report/list?{year}&kind=asked&agent=usedesk:11",
    "/findings",
    "/digest",
    "/tickets/usedesk/1000",
    "/board.csv",
    "/report.csv?{year}",
    "/report.xlsx?{year}",
    "/report/list.csv?{month}&kind=asked",
)


def main() -> None:
    """Measure each page and file, on both databases."""
    share = float(os.environ.get("PAGES_SHARE", "1"))
    for name in ("sqlite", "postgresql") if reachable() else ("sqlite",):
        with _site(name) as site:
            began = time.monotonic()
            _fill(site.engine, share)
            filled = time.monotonic() - began
            counted = _count(site)
            rows = [_measure(site, path) for path in _paths()]
            show(f"{name}, {share:g} of the rows (made in {filled:.0f} s, days counted in {counted:.0f} s)",
                 ("page or file", "ms", "best of 3", "MB", "peak MB"), rows)  # fmt: skip


@contextmanager
def _site(name: str) -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        databases = Sqlite(Path(folder)) if name == "sqlite" else Postgres()
        url = databases.fresh(Path(folder))
        try:
            with opened(url, Path(folder), patch) as site:
                yield site
        finally:
            databases.drop(url)
            databases.close()


def _fill(engine: sa.Engine, share: float) -> None:
    dialect = engine.dialect.name
    start = f"{datetime.now(UTC) - timedelta(days=DAYS):%Y-%m-%d %H:%M:%S}"
    asked = int(REQUESTS * share)
    statements = ((_REQUESTS, asked), (_REMINDERS, asked), (_HOLDS, int(HOLDS * share)), (_DELIVERIES, asked))
    for text, most in (*statements, (_STEPS, int(LEDGER * share))):
        spread = _SPREAD.format(most=most, step=DAYS * 86400 / most)
        # the newest answer lies before now: who was asked in the last days is answered at once
        answered = f"{spread} + ({DAYS * 86400} - {spread}) * (s.n % 97) / 97.0 * (s.n % 7) / 700.0"
        moments = {"since": spread, "due": f"{spread} + 86400", "answered": answered}
        names = " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(_DEPARTMENTS))
        department = f"CASE s.n % {len(_DEPARTMENTS)} {names} END"
        values = {key: _AT[dialect].format(start=start, of=of) for key, of in moments.items()}
        series = _SERIES[dialect].format(most=most)
        with engine.begin() as connection:
            sql = text.format(series=series, requests=asked, department=department, **values)
            connection.exec_driver_sql(sql.replace("%", "%%") if dialect == "postgresql" else sql)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def _count(site: Site) -> float:
    config, now = site.process.reloader.current(), datetime.now(UTC)
    began = time.monotonic()
    with site.engine.connect() as connection:
        days = rollups.due(connection, now, zone_of(config))
    for day in days:
        with site.engine.begin() as connection:
            rollups.count_day(connection, day, now, zone_of(config), last_step(config))
    return time.monotonic() - began


def _paths() -> list[str]:
    today = datetime.now(UTC).date()
    spans = {"year": 365, "month": 28}
    asked = {name: f"first={today - timedelta(days=days)}&last={today}" for name, days in spans.items()}
    return [path.format(**asked) for path in _PAGES]


def _measure(site: Site, path: str) -> tuple[object, ...]:
    times, size = [], 0
    for _ in range(3):
        began = time.monotonic()
        answer = site.browser("lead").get(path, buffered=False)
        size = sum(len(piece) for piece in answer.response)
        times.append((time.monotonic() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    tracemalloc.start()
    for _piece in site.browser("lead").get(path, buffered=False).response:
        pass
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return path, times[0], min(times), size / 1e6, peak


if __name__ == "__main__":
    main()
