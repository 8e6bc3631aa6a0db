"""Requests, reminders and promises in the store: who ends what, and every question asked of them has its index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import agents, arrivals, board, board_choices, facts, promises, requests
from store.board import Scale, Wanted
from store.facts import Narrow, Span
from store.requests import ANSWERED, Ending
from store.tables import links, timers
from store.tables.requests import promises as promise_table
from store.tables.requests import reminders
from store.tables.requests import requests as table
from tests.store.crowds import many_deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROWS = 2000


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The columns of a new request."""
    made = {"source": "usedesk", "ticket_id": str(number), "department": f"d{number % 100}", "origin": "usedesk"}
    place = {"dept_ticket_id": f"9{number}", "site": "main", "issue_id": str(10_000 + number)}
    return {**made, **place, "text": "?", "answer_required": True, "since": NOW, "opened_by": "x", **changes}


def states(connection: sa.Connection) -> list[tuple[str, str]]:
    """All timers."""
    return [tuple(one) for one in connection.execute(sa.select(timers.c.key, timers.c.state).order_by(timers.c.key))]


def test_a_second_request_to_the_same_department_is_numbered_two(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = requests.add(connection, row())
        other = requests.add(connection, row(department="service"))
        second = requests.add(connection, row())
        assert (first.number, other.number, second.number) == (1, 1, 2)
        assert requests.of_department_and_ticket(connection, "usedesk", "1", first.department) == second
        assert [one.id for one in requests.of_ticket(connection, "usedesk", "1")] == [first.id, other.id, second.id]
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        requests.add(connection, row(number=1) | {"number": 2})


def test_only_the_delivery_that_ended_a_request_is_told_so(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        made = requests.add(connection, row())
        requests.arm(connection, made, NOW + timedelta(hours=24), NOW)
        ending = Ending(ANSWERED, "comment", NOW, "7")
        assert requests.close(connection, made.id, ending, "usedesk/a", NOW)
        assert not requests.close(connection, made.id, Ending(ANSWERED, "status", NOW), "usedesk/b", NOW)
        assert requests.close(connection, made.id, ending, "usedesk/a", NOW)
        kept = requests.get(connection, made.id)
        assert kept is not None
        assert (kept.state, kept.answered_how, kept.answered_by, kept.next_at) == (ANSWERED, "comment", "7", None)
        assert states(connection) == [(f"request:{made.id}:1", "cancelled")]


def test_a_new_timer_takes_the_place_of_the_one_before(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        made = requests.add(connection, row())
        requests.arm(connection, made, NOW, NOW)
        again = requests.get(connection, made.id)
        assert again is not None
        requests.arm(connection, again, NOW + timedelta(days=1), NOW, snoozed_until=NOW + timedelta(days=1))
        assert [state for _, state in states(connection)] == ["cancelled", "pending"]


def test_a_draft_becomes_a_promise_once_and_ends_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        made = requests.add(connection, row())
        values = {"request": made.id, "source": "usedesk", "ticket_id": "1", "text_id": "M-2", "text": "…"}
        number = promises.draft(connection, values, NOW)
        assert promises.draft(connection, values, NOW) == number
        assert states(connection) == []
        for later in (0, 1):
            at = NOW + timedelta(hours=later)
            promises.make(connection, number, at=at, due_at=at + timedelta(days=1), now=at)
        promise = promises.get(connection, number)
        assert promise is not None
        assert (promise.made_at, promise.due_at) == (NOW, NOW + timedelta(days=1))
        informed = requests.get(connection, made.id)
        assert informed is not None
        assert informed.client_informed_at == NOW
        assert promises.end(connection, number, "kept", by="a", now=NOW)
        assert not promises.end(connection, number, "broken", by="b", now=NOW)
        assert promises.end(connection, number, "kept", by="a", now=NOW)
        assert states(connection) == [(f"promise:{number}", "cancelled")]
        ended = promises.get(connection, number)
        assert ended is not None
        assert ended.state == "kept"
        assert promises.alive_of_ticket(connection, "usedesk", "1") == []


def test_a_reminder_that_an_answer_crossed_says_so(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        made = requests.add(connection, row())
        sent = {"request": made.id, "step": 0, "due_at": NOW, "sent_at": NOW, "late": False}
        requests.add_reminder(connection, told="department", **sent)
        requests.close(connection, made.id, Ending(ANSWERED, "event", NOW), "x", NOW)
        requests.add_reminder(connection, told="agent", **sent)
        told = [tuple(one) for one in connection.execute(sa.select(reminders.c.told, reminders.c.outcome))]
        assert told == [("department", "sent"), ("agent", "crossed")]


def test_an_older_status_of_an_agent_changes_nothing(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert agents.status_of(connection, "webcrm", "a17") is None
        agents.set_status(connection, "webcrm", "a17", "Отдых", NOW)
        agents.set_status(connection, "webcrm", "a17", "На линии", NOW - timedelta(hours=1))
        assert agents.status_of(connection, "webcrm", "a17") == "Отдых"
        agents.set_status(connection, "webcrm", "a17", "На линии", NOW + timedelta(hours=1))
        assert agents.status_of(connection, "webcrm", "a17") == "На линии"


@pytest.fixture
def crowded(engine: sa.Engine) -> sa.Engine:
    """A database with many requests, most of them ended, as it is after years."""
    many = [
        {**row(n, external_id=f"r{n}"), "number": 1, "since": NOW + timedelta(minutes=n)}
        | {"due_at": NOW + timedelta(days=1, minutes=n), "state": "open" if n % 20 == 0 else ANSWERED}
        | {"answered_at": None if n % 20 == 0 else NOW + timedelta(minutes=n), "owner_id": f"a{n}", "topic": f"t{n}"}
        for n in range(ROWS)
    ]
    with engine.begin() as connection:
        ids = list(connection.execute(sa.insert(table).returning(table.c.id), many).scalars())
        pairs = [
            {"source": "usedesk", "ticket_id": str(n), "purpose": "escalation", "site": "main", "issue_id": str(n)}
            | {"issue_key": f"FBO-{n}", "made_by_bot": True, "created_at": NOW}
            for n in range(ROWS)
        ]
        connection.execute(sa.insert(links), pairs)
        made = [
            {"request": id_, "source": "usedesk", "ticket_id": str(n), "text_id": "M-2", "text": "…"}
            | {"state": "made" if n % 20 == 0 else "kept", "drafted_at": NOW + timedelta(minutes=n)}
            | {"due_at": NOW + timedelta(minutes=n)}
            for n, id_ in enumerate(ids)
        ]
        connection.execute(sa.insert(promise_table), made)
        sent = [
            {"request": id_, "step": 0, "told": "agent", "due_at": NOW, "sent_at": NOW + timedelta(minutes=n)}
            | {"late": False, "outcome": "sent"}
            for n, id_ in enumerate(ids)
        ]
        connection.execute(sa.insert(reminders), sent)
        many_deliveries(connection, ROWS, NOW)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return engine


SOON, LATER = NOW + timedelta(minutes=10), NOW + timedelta(minutes=60)
HOUR, D20 = Span(SOON, LATER, 2), Narrow(department="d20")
WEIGHTS = dict.fromkeys(board.KINDS, 1.0)
SCALE = Scale(NOW + timedelta(days=1, minutes=50), WEIGHTS, 3.0, lambda _: timedelta(0))
QUESTIONS: dict[str, tuple[str, Callable[[sa.Connection], object]]] = {
    # one of the three indexes over what is open
    "board": ("ix_requests_o", lambda c: board.page(c, Wanted(kind="uninformed"), SCALE).rows),
    "board of one": ("ix_requests_o", lambda c: board.page(c, Wanted(D20, "uninformed"), SCALE).rows),
    "overdue": ("ix_requests_o", lambda c: board.counts(c, Wanted(kind="uninformed"), SCALE.now)),
    "board, the newest": ("ix_requests_o", lambda c: board.page(c, Wanted(order="newest"), SCALE).rows),
    "board, very old": ("ix_requests_o", lambda c: board.page(c, Wanted(older=1, order="oldest"), SCALE).rows),
    "owners": ("ix_requests_open_owner", lambda c: board_choices.owners(c, ["usedesk"])),
    "topics": ("ix_requests_open_topic", board_choices.topics),
    "slowest": ("ix_requests_open_department", lambda c: board_choices.slowest(c, ["d20"], LATER)),
    "falling due": ("ix_requests_overdue", lambda c: board_choices.falling_due(c, SOON, LATER + timedelta(days=1))),
    "department": ("ix_requests_department", lambda c: facts.listed(c, "asked", Span(NOW, LATER, 2), D20, limit=20)),
    "period": ("ix_requests_since", lambda c: facts.listed(c, "asked", HOUR, facts.EVERYBODY, limit=20)),
    "answered": ("ix_requests_answered", lambda c: facts.listed(c, "answered", HOUR, facts.EVERYBODY, limit=20)),
    "sent": (
        "ix_reminders_sent_at",
        lambda c: facts.listed(c, "sent", Span(SOON, SOON + timedelta(minutes=4), 2), facts.EVERYBODY, limit=20),
    ),
    "ticket": ("requests_number", lambda c: requests.of_ticket(c, "usedesk", "1230")),
    "newest": ("requests_number", lambda c: requests.of_department_and_ticket(c, "usedesk", "1230", "d30")),
    "external": ("requests_number", lambda c: requests.of_external(c, "usedesk", "1230", "r1230")),
    "dept_ticket": ("ix_requests_dept_ticket", lambda c: requests.of_dept_ticket(c, "usedesk", "91230")),
    "issue": ("ix_requests_issue", lambda c: requests.of_issue(c, "main", "11230")),
    "in_tickets": ("ix_requests_dept_ticket", lambda c: requests.open_in_tickets(c, [("usedesk", "91220")])),
    "in_issues": ("ix_requests_issue", lambda c: arrivals.of_issues(c, [("main", "11220")])),
    "promises": ("ix_promises_alive", lambda c: promises.alive_of_ticket(c, "usedesk", "1220")),
}


def test_each_question_uses_its_index(crowded: sa.Engine) -> None:
    explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for name, (index, question) in QUESTIONS.items():
        asked: list[tuple[str, Any]] = []
        with crowded.connect() as connection:
            sa.event.listen(connection, "before_cursor_execute", lambda *a, to=asked: to.append((a[2], a[3])))
            assert question(connection), name
            statement, values = asked[0]
            plan = str(connection.exec_driver_sql(f"{explain} {statement}", values).all())
        found = index in plan or ("autoindex" in plan and not index.startswith("ix_"))
        assert found, (name, plan)
        assert "Seq Scan" not in plan, (name, plan)
