"""Many deliveries in one statement: each is judged as if it had come alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from store import arrivals, deliveries
from store.arrivals import New
from store.tables import deliveries as table

NOW = datetime(2026, 11, 20, 13, 4, 11, 250000, tzinfo=UTC)
A, B = "a" * 64, "b" * 64


def new(delivery_id: str, sha: str | None = None, **given: str | None) -> New:
    """A waiting delivery of Jira's."""
    row = {"case_id": f"main:{delivery_id}", "type": "issue.updated", "state": "waiting", "event": "{}", "reason": None}
    body = "{'text': \"кавычки\" \\ и 😀}"
    return New(**{**row, "source": "jira", "delivery_id": delivery_id, "body": body, "body_sha256": sha, **given})


def add(engine: sa.Engine, *several: New, now: datetime = NOW) -> list[bool]:
    """All of them at once."""
    with engine.begin() as connection:
        return arrivals.add_all(connection, several, now)


def kept(engine: sa.Engine) -> list[str]:
    """The ids in the order of acceptance."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(table.c.delivery_id).order_by(table.c.id)).scalars())


def test_the_order_is_that_of_arrival_and_every_letter_stays(engine: sa.Engine) -> None:
    several = [new(f"d{number}") for number in (3, 1, 2)]
    assert add(engine, *several) == [True, True, True]
    assert kept(engine) == ["d3", "d1", "d2"]
    with engine.connect() as connection:
        row = deliveries.find(connection, "jira", "d1")
    assert row is not None
    assert (row.body, row.event, row.reason, row.case_id) == (several[1].body, "{}", None, "main:d1")
    assert (row.received_at, row.due_at, row.finished_at) == (NOW, NOW, None)


def test_an_ignored_one_is_finished(engine: sa.Engine) -> None:
    assert add(engine, new("d1", state="ignored", reason="unknown event", event=None)) == [True]
    with engine.connect() as connection:
        row = deliveries.find(connection, "jira", "d1")
    assert row is not None
    assert (row.state, row.reason, row.event) == ("ignored", "unknown event", None)
    assert (row.due_at, row.finished_at) == (None, NOW)


def test_of_the_same_id_the_first_is_kept(engine: sa.Engine) -> None:
    assert add(engine, new("d1", B), new("d2"), new("d1", A)) == [True, True, False]
    later = NOW + timedelta(seconds=1)
    assert add(engine, new("d3"), new("d1", A), new("d4"), now=later) == [True, False, True]
    assert kept(engine) == ["d1", "d2", "d3", "d4"]
    # the body of a redelivery was never remembered: under a new id it is new
    assert add(engine, new("d5", A), now=later) == [True]


def test_a_redelivery_of_the_same_moment_is_not_new(engine: sa.Engine) -> None:
    assert add(engine, new("d1", A), new("d2", B)) == [True, True]
    assert add(engine, new("d1"), new("d3"), new("d4", B)) == [False, True, False]
    assert kept(engine) == ["d1", "d2", "d3"]


def test_of_the_same_body_the_first_is_kept(engine: sa.Engine) -> None:
    assert add(engine, new("d1", A), new("d2", A), new("d3", B), new("d4", A, source="usedesk")) == [
        True,
        False,
        True,
        True,
    ]
    assert kept(engine) == ["d1", "d3", "d4"]
    assert add(engine, new("d5", B), new("d6"), now=NOW + timedelta(days=7)) == [False, True]
    assert add(engine, new("d5", B), new("d7", B), now=NOW + timedelta(days=9)) == [True, False]
    assert kept(engine) == ["d1", "d3", "d4", "d6", "d5"]


def test_none_is_none(engine: sa.Engine) -> None:
    assert add(engine) == []
    with engine.connect() as connection:
        assert arrivals.of_issues(connection, []) == {}
