"""The ledger's rows: begun, ended, never ended twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from store import ledger
from store.ledger import Step
from store.tables import deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)
VALUES = {"mode": "act", "target": "FBO-1"}


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection, and the delivery 1."""
    with engine.begin() as made:
        row = {"id": 1, "source": "webcrm", "delivery_id": "d", "case_id": "webcrm:1", "type": "ticket.closing"}
        made.execute(
            sa.insert(deliveries).values(**row, state="running", run_token="token", body="{}", received_at=NOW)
        )
        yield made


def test_a_step_keeps_its_identity_and_its_moment(connection: sa.Connection) -> None:
    step = Step(1, "W-40", "create_issue", 1)
    assert ledger.standing(connection, step).entry is None
    number = ledger.begin(connection, None, step, VALUES, NOW)
    entry = ledger.standing(connection, step).entry
    assert entry is not None
    assert ledger.begin(connection, entry, step, VALUES, LATER) == number
    entry = ledger.standing(connection, step).entry
    assert entry is not None
    assert (entry.outcome, entry.begun_at) == ("begun", NOW)
    with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
        ledger.begin(connection, None, step, VALUES, NOW)


def test_what_had_no_effect_begins_anew(connection: sa.Connection) -> None:
    step = Step(1, "W-40", "create_issue", 1)
    number = ledger.begin(connection, None, step, VALUES, NOW)
    assert ledger.end(connection, number, "token", {"outcome": "put_off", "reason": "429"}, NOW)
    ledger.begin(connection, ledger.standing(connection, step).entry, step, VALUES, LATER)
    (row,) = ledger.of_delivery(connection, 1)
    assert (row.outcome, row.reason, row.begun_at, row.done_at) == ("begun", None, LATER, None)


def test_what_is_ended_is_not_ended_again(connection: sa.Connection) -> None:
    number = ledger.begin(connection, None, Step(1, "W-40", "create_issue", 1), VALUES, NOW)
    assert ledger.end(connection, number, "token", {"outcome": "done", "result": {"key": "FBO-1"}}, NOW)
    assert not ledger.end(connection, number, "token", {"outcome": "put_off", "reason": "by one who slept"}, LATER)
    (row,) = ledger.of_delivery(connection, 1)
    assert (row.outcome, row.result, row.reason) == ("done", {"key": "FBO-1"}, None)


def test_the_rule_that_failed_is_the_last_one_under_way(connection: sa.Connection) -> None:
    first = ledger.begin(connection, None, Step(1, "W-57", "choose_components", 1), VALUES, NOW)
    ledger.end(connection, first, "token", {"outcome": "done"}, NOW)
    assert ledger.failed_rule(connection, 1) is None
    ledger.begin(connection, None, Step(1, "W-40", "create_issue", 1), VALUES, NOW)
    assert ledger.failed_rule(connection, 1) == "W-40"
    assert [row.rule for row in ledger.newest(connection, 1)] == ["W-40"]
