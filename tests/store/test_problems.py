"""The register of problem cases: whatever it is narrowed to, an index finds the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from store import problems
from store.tables.problems import problem_cases

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


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
