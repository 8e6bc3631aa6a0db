"""The ledger's rows: begun, ended, never ended twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from store import ledger, systems
from store.ledger import BEGUN, Entry, Identity
from store.owners import Owner
from store.tables import deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)
OWNER = Owner(1, "token", None)
IDENTITY = Identity("W-40", "create_issue", "FBO-1", 1)


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection, and the delivery 1."""
    with engine.begin() as made:
        row = {"id": 1, "source": "webcrm", "delivery_id": "d", "case_id": "webcrm:1", "type": "ticket.closing"}
        made.execute(
            sa.insert(deliveries).values(**row, state="running", run_token="token", body="{}", received_at=NOW)
        )
        yield made


def row(identity: Identity = IDENTITY) -> dict[str, object]:
    """The columns of an action that is about to be done."""
    rule, name, subject, n = identity
    return {"rule": rule, "verb": name, "subject": subject, "n": n, "mode": "act", "target": subject}


def entry(connection: sa.Connection, identity: Identity = IDENTITY) -> Entry:
    """What the ledger has of it."""
    return ledger.recorded(connection, 1)[identity]


def begun(connection: sa.Connection, identity: Identity = IDENTITY) -> int:
    """The number of an action that is begun."""
    number = ledger.begin_in_quiet(connection, OWNER, row(identity))
    assert number is not None
    return number


def test_an_action_keeps_its_identity_and_its_moment(connection: sa.Connection) -> None:
    assert ledger.recorded(connection, 1) == {}
    number = begun(connection)
    first = entry(connection)
    assert (first.id, first.outcome) == (number, BEGUN)
    assert ledger.begin(connection, OWNER, row(), first) == number
    assert entry(connection).begun_at == first.begun_at
    with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
        ledger.begin(connection, OWNER, row(), None)


def test_an_action_is_begun_in_quiet_alone(connection: sa.Connection) -> None:
    systems.set_rate_limit(connection, "webcrm", LATER, None)
    assert ledger.begin_in_quiet(connection, OWNER, row()) is None
    systems.end_rate_limits(connection, ["webcrm"], LATER)
    systems.count_failure(connection, "jira:main")
    assert ledger.begin_in_quiet(connection, OWNER, row()) is None
    assert ledger.begin(connection, OWNER, row(), None) is not None


def test_another_run_begins_and_decides_nothing(connection: sa.Connection) -> None:
    sleeper = Owner(1, "another", None)
    assert ledger.begin_in_quiet(connection, sleeper, row()) is None
    assert ledger.begin(connection, sleeper, row(), None) is None
    assert not ledger.decide(connection, sleeper, row() | {"outcome": "observed"}, None)
    assert not ledger.standing(connection, sleeper).owned
    assert ledger.recorded(connection, 1) == {}


def test_an_action_is_decided_without_being_begun(connection: sa.Connection) -> None:
    how = {"outcome": "observed", "after": ["FF:Склад"], "result": {"ids": {}}}
    assert ledger.decide(connection, OWNER, row() | how, None)
    (found,) = ledger.of_delivery(connection, 1)
    assert (found.outcome, found.after, found.result) == ("observed", ["FF:Склад"], {"ids": {}})
    assert found.done_at is not None
    assert ledger.decide(connection, OWNER, row() | {"outcome": "done"}, entry(connection))  # the rule acts by now
    assert not ledger.decide(connection, OWNER, row() | {"outcome": "off"}, entry(connection))
    assert entry(connection).outcome == "done"


def test_what_had_no_effect_begins_anew(connection: sa.Connection) -> None:
    number = begun(connection)
    assert ledger.end(connection, number, "token", {"outcome": "put_off", "reason": "429"}, NOW)
    ledger.begin(connection, OWNER, row(), entry(connection))
    (found,) = ledger.of_delivery(connection, 1)
    assert (found.outcome, found.reason, found.done_at) == ("begun", None, None)


def test_what_is_ended_is_not_ended_again(connection: sa.Connection) -> None:
    number = begun(connection)
    assert ledger.end(connection, number, "token", {"outcome": "done", "result": {"key": "FBO-1"}}, NOW)
    assert not ledger.end(connection, number, "token", {"outcome": "put_off", "reason": "by one who slept"}, LATER)
    (found,) = ledger.of_delivery(connection, 1)
    assert (found.outcome, found.result, found.reason) == ("done", {"key": "FBO-1"}, None)


def test_the_rule_that_failed_is_the_last_one_under_way(connection: sa.Connection) -> None:
    first = begun(connection, Identity("W-57", "choose_components", "FBO", 1))
    ledger.end(connection, first, "token", {"outcome": "done"}, NOW)
    assert ledger.failed_rule(connection, 1) is None
    begun(connection)
    assert ledger.failed_rule(connection, 1) == "W-40"
    assert [found.rule for found in ledger.newest(connection, 1)] == ["W-40"]
