"""Acceptance: a delivery is due at once, a redelivery writes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

import runtime.inbox
from events import IssueEvent, IssueRef
from runtime.inbox import Arrival, StoreInbox
from store import links
from store.links import Link
from store.tables import deliveries, seen_bodies
from tests.runtime.conftest import Arrive

SHA = "a" * 64


def rows(engine: sa.Engine) -> list[sa.Row[tuple[object, ...]]]:
    """All deliveries, the oldest first."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(deliveries).order_by(deliveries.c.id)))


def test_a_delivery_is_due_at_once(engine: sa.Engine, inbox: StoreInbox, arrival: Arrive) -> None:
    assert inbox.accept(arrival("d1"))
    (row,) = rows(engine)
    assert (row.source, row.delivery_id, row.case_id, row.state) == ("webcrm", "d1", "webcrm:1", "waiting")
    assert row.due_at == row.received_at


def test_a_redelivery_writes_nothing(engine: sa.Engine, inbox: StoreInbox, arrival: Arrive) -> None:
    assert inbox.accept(arrival("d1", sha=SHA))
    assert not inbox.accept(arrival("d1", sha="b" * 64))
    assert not inbox.accept(arrival("d2", sha=SHA))
    assert [row.delivery_id for row in rows(engine)] == ["d1"]
    assert inbox.accept(replace(arrival("d2", sha=SHA), source="jira"))  # another sender's body is another


def test_the_same_body_is_new_after_eight_days(engine: sa.Engine, inbox: StoreInbox, arrival: Arrive) -> None:
    assert inbox.accept(arrival("d1", sha=SHA))
    for hours, new in ((191.9, False), (192.1, True)):
        with engine.begin() as connection:
            seen = datetime.now(UTC) - timedelta(hours=hours)
            connection.execute(sa.update(seen_bodies).values(seen_at=seen))
        assert inbox.accept(arrival("d2", sha=SHA)) is new
    assert not inbox.accept(arrival("d3", sha=SHA))


@pytest.mark.parametrize("same", ["id", "body"])
def test_five_at_once_are_one(engine: sa.Engine, arrival: Arrive, same: str) -> None:
    inboxes = [StoreInbox(engine, {"ticket.closing"}) for _ in range(5)]  # as many web processes
    arrivals = [arrival("d" if same == "id" else f"d{n}", sha=SHA if same == "body" else None) for n in range(5)]
    barrier = threading.Barrier(5, timeout=20)

    def post(inbox: StoreInbox, one: Arrival) -> bool:
        barrier.wait()
        return inbox.accept(one)

    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(post, inboxes, arrivals))
    assert sorted(answers) == [False] * 4 + [True]
    assert len(rows(engine)) == 1


def test_nothing_stays_when_the_transaction_fails(
    engine: sa.Engine, inbox: StoreInbox, arrival: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise sa.exc.OperationalError("enqueue", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(runtime.inbox, "wake_workers", broken)
        with pytest.raises(sa.exc.OperationalError):
            inbox.accept(arrival("d1", sha=SHA))
    assert rows(engine) == []
    assert inbox.accept(arrival("d1", sha=SHA))


def test_an_event_that_nobody_wants_is_recorded_and_not_due(
    engine: sa.Engine, inbox: StoreInbox, arrival: Arrive
) -> None:
    unwanted = replace(arrival("d1"), type="ticket.praised")
    assert inbox.accept(unwanted)
    assert inbox.accept(Arrival("jira", "d2", "jira:none", "sprint_created", b"{}", None, ignored="unknown event"))
    assert not inbox.accept(unwanted)
    first, second = rows(engine)
    assert (first.state, first.reason, first.due_at) == ("ignored", "no procedure wants this event", None)
    assert (second.state, second.reason, second.event) == ("ignored", "unknown event", None)
    assert first.finished_at == first.received_at


def test_an_event_of_a_linked_issue_is_filed_under_its_ticket(engine: sa.Engine, inbox: StoreInbox) -> None:
    moment = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    with engine.begin() as connection:
        links.add(connection, Link("webcrm", "77", "escalation", "main", "10001", "FBO-1", made_by_bot=True), moment)
    for number in ("10001", "10002"):
        event = IssueEvent(type="issue.updated", occurred_at=moment, issue=IssueRef(site="main", id=number))
        inbox.accept(Arrival("jira", number, f"main:{number}", event.type, b"{}", event))
    assert [row.case_id for row in rows(engine)] == ["webcrm:77", "main:10002"]
