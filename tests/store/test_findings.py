"""Findings are told once, watches fire once, links are used once; what the block and the checks ask, indexes answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import findings, holds, links, polls, promises, requests, timers
from store.findings import About
from store.tables import metadata

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABOUT = About("usedesk", "700", "U-12", "hold:1")
WATCH = {"source": "usedesk", "ticket_id": "700", "rule": "U-12", "agent_id": "12", "since": NOW, "due_at": NOW + HOUR}


def test_a_finding_is_kept_with_who_told_it_first(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert findings.told_by(connection, ABOUT) is None
        findings.add(connection, ABOUT, "usedesk/1", NOW)
        findings.add(connection, ABOUT, "usedesk/2", NOW + HOUR)
        assert findings.told_by(connection, ABOUT) == "usedesk/1"
        assert findings.told_by(connection, About("usedesk", "700", "U-12", "hold:2")) is None


def test_a_watch_rings_once_and_one_is_open_at_a_time(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        number = findings.begin(connection, WATCH, NOW)
        assert number is not None
        assert findings.begin(connection, WATCH, NOW) is None
        watch = findings.open_of_ticket(connection, "usedesk", "700", "U-12")
        assert watch is not None
        assert (watch.id, watch.agent_id, watch.due_at, findings.get(connection, number)) == (
            number, "12", NOW + HOUR, watch)  # fmt: skip
        assert [timer.key for timer in timers.claim_due(connection, NOW + HOUR, 9)] == [f"watch:{number}"]
        findings.end(connection, number, NOW)
        assert findings.open_of_ticket(connection, "usedesk", "700", "U-12") is None
        other = findings.begin(connection, WATCH, NOW)
        assert other not in (None, number)
        findings.end(connection, other or 0, NOW)
        assert timers.claim_due(connection, NOW + HOUR, 9) == []


def test_a_link_is_used_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert findings.use_link(connection, "n1", NOW)
        assert not findings.use_link(connection, "n1", NOW)
        findings.purge_links(connection, NOW)
        assert not findings.use_link(connection, "n1", NOW)
        findings.purge_links(connection, NOW + HOUR)
        assert findings.use_link(connection, "n1", NOW)


def test_the_status_of_an_issue_is_that_told_last(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        links.add(connection, links.Link("usedesk", "700", "escalation", "main", "9", "DESK-9", made_by_bot=True), NOW)
        links.keep_status(connection, "main", "9", "В работе")
        assert [one.status for one in links.all_of_ticket(connection, "usedesk", "700")] == ["В работе"]


@pytest.fixture
def crowded(engine: sa.Engine) -> sa.Engine:
    """A store in which to look through everything would be slow."""
    tickets = [{"source": "usedesk", "ticket_id": str(number)} for number in range(2000)]
    hold = {"kind": "client", "stage": "waiting", "since": NOW, "due_at": NOW}
    request = {"department": "service", "number": 1, "origin": "usedesk", "state": "open", "text": "x"}
    request |= {"answer_required": True, "since": NOW, "opened_by": "x"}
    promise = {"text_id": "M-2", "text": "x", "state": "draft", "drafted_at": NOW}
    link = {"purpose": "escalation", "site": "main", "issue_key": "DESK-1", "made_by_bot": True, "created_at": NOW}
    rows: dict[str, list[dict[str, Any]]] = {
        "holds": [one | hold for one in tickets],
        "requests": [one | request for one in tickets],
        "promises": [one | promise | {"request": number} for number, one in enumerate(tickets, start=1)],
        "links": [one | link | {"issue_id": one["ticket_id"]} for one in tickets],
        "findings": [one | {"rule": "U-02", "finding": "12", "delivery": "x", "at": NOW} for one in tickets],
        "watches": [one | WATCH | one for one in tickets],
        "used_links": [{"nonce": one["ticket_id"], "used_at": NOW} for one in tickets],
    }
    with engine.begin() as connection:
        for table, values in rows.items():
            connection.execute(sa.insert(metadata.tables[table]), values)
        connection.execute(sa.text("ANALYZE"))
    return engine


ASKED: dict[str, Callable[[sa.Connection], object]] = {
    "issues": lambda connection: links.all_of_ticket(connection, "usedesk", "700"),
    "hold": lambda connection: holds.open_of_ticket(connection, "usedesk", "700"),
    "requests": lambda connection: requests.of_ticket(connection, "usedesk", "700"),
    "drafts": lambda connection: promises.alive_of_ticket(connection, "usedesk", "700"),
    "finding": lambda connection: findings.told_by(connection, About("usedesk", "700", "U-02", "12")),
    "watch": lambda connection: findings.open_of_ticket(connection, "usedesk", "700", "U-12"),
    "place": lambda connection: polls.claim(connection, "usedesk", now=NOW, until=NOW),
}


def test_each_question_is_one_and_uses_an_index(crowded: sa.Engine) -> None:
    for name, ask in ASKED.items():
        asked: list[tuple[str, Any]] = []
        with crowded.begin() as connection:
            sa.event.listen(connection, "before_cursor_execute", lambda *a, asked=asked: asked.append((a[2], a[3])))
            assert ask(connection)
            statement, values = asked[-1]
            assert len(asked) == (2 if name == "place" else 1), name
            explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            plan = str(connection.exec_driver_sql(f"{explain} {statement}", values).all())
        assert "SCAN" not in plan, (name, plan)
        assert name == "place" or "Seq Scan" not in plan, (name, plan)  # a table of one row
