"""The register of problem cases: an index finds what is asked for, and what was closed long ago is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from store import problems
from store.tables.problems import problem_cases
from tests.bot import Bot

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def row(number: int, **given: Any) -> dict[str, Any]:
    """A case in the register."""
    fixed = {"source": "webcrm", "ticket_id": str(number), "kind": "wrong_item", "state": "open", "opened_by": "t"}
    empty: dict[str, Any] = {"facts": {}, "steps": {}, "waits": {}, "closed_at": None}
    return {**fixed, **empty, "opened_at": NOW, "changed_at": NOW, **given}


@pytest.fixture
def crowded(engine: sa.Engine) -> sa.Engine:
    """So many cases that no database would rather read them all."""
    many = [
        row(n, owner_id=f"a{n % 300}", assignee=f"712020:{n % 300}", order_no=str(n), source=source)
        | {"closed_at": NOW - n * DAY if n % 2 else None}
        for n, source in enumerate(["webcrm", "usedesk"] * 1500)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(problem_cases), many)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return engine


def test_each_question_uses_its_index(crowded: sa.Engine) -> None:
    questions = {
        "ix_problem_cases_owner": lambda c: problems.page(c, {"agent": "usedesk:a17"}),
        "ix_problem_cases_assignee": lambda c: problems.page(c, {"agent": "jira:712020:18"}),
        "ix_problem_cases_closed": lambda c: problems.purge(c, NOW - 2990 * DAY, 200),
        "ix_problem_cases_order": lambda c: problems.page(c, {"order_no": "18"}),
    }
    explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for index, question in questions.items():
        asked: list[tuple[str, Any]] = []
        with crowded.connect() as connection:
            sa.event.listen(connection, "before_cursor_execute", lambda *a, to=asked: to.append((a[2], a[3])))
            assert question(connection), index
            plan = str(connection.exec_driver_sql(f"{explain} {asked[0][0]}", asked[0][1]).all())
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan


def test_the_list_of_people_is_read_from_the_indexes(crowded: sa.Engine) -> None:
    asked: list[tuple[str, Any]] = []
    explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    with crowded.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        found = problems.workers(connection, ["webcrm", "usedesk", "bot"])
        plans = [str(connection.exec_driver_sql(f"{explain} {text}", values).all()) for text, values in asked[:4]]
    assert {"webcrm:a16", "usedesk:a17", "jira:712020:17"} <= set(found)
    assert not {"webcrm:a17", "usedesk:a16"} & set(found)
    assert all("ix_problem_cases_owner" in plan for plan in plans[:3]), plans
    assert "ix_problem_cases_assignee" in plans[3], plans[3]
    assert not [plan for plan in plans if "Seq Scan" in plan], plans


def left(connection: sa.Connection) -> list[str]:
    """The tickets whose cases are in the register."""
    return list(connection.execute(sa.select(problem_cases.c.ticket_id).order_by(problem_cases.c.id)).scalars())


def test_cases_closed_long_ago_go_in_pieces_the_oldest_first(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        closed = [row(days, state="done", closed_at=NOW - days * DAY) for days in (1, 3, 9, 7, 5)]
        still = row(99, opened_at=NOW - 99 * DAY)
        connection.execute(sa.insert(problem_cases), [*closed, still])
        steps = [(problems.purge(connection, NOW - 4 * DAY, 2), left(connection)) for _ in range(3)]
    assert steps == [(2, ["1", "3", "5", "99"]), (1, ["1", "3", "99"]), (0, ["1", "3", "99"])]


@pytest.mark.rule("J-38")
def test_the_clock_deletes_them_as_runtime_yml_says(any_bot: Bot) -> None:
    from runtime.clock import Clock  # noqa: PLC0415 # the store's tests know no runtime but here

    now = machine_now()
    with any_bot.engine.begin() as connection:
        old, young = (row(days, state="done", closed_at=now - days * DAY) for days in (1100, 1000))
        connection.execute(sa.insert(problem_cases), [old, young, row(1200, opened_at=now - 1200 * DAY)])
    Clock(any_bot.engine, any_bot.process.factory, any_bot.reloader).purge()
    with any_bot.engine.connect() as connection:
        assert left(connection) == ["1000", "1200"]
