"""Circuit breakers, rate limits, workers, alerts: rows that several processes write at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from store import systems

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)


def test_a_breaker_is_tripped_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert systems.trip_breaker(connection, "webcrm", reason="401", now=NOW, probe_at=LATER)
        assert not systems.trip_breaker(connection, "webcrm", reason="500", now=LATER, probe_at=LATER)
        breaker = systems.breaker(connection, "webcrm")
        assert breaker is not None
        assert (breaker.reason, breaker.closed_at) == ("401", NOW)
        assert systems.is_tripped(connection, "webcrm")
        assert not systems.is_tripped(connection, "jira:main")


def test_one_clock_may_probe(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        systems.trip_breaker(connection, "webcrm", reason="401", now=NOW, probe_at=LATER)
        assert not systems.claim_probe(connection, "webcrm", now=NOW, next_at=LATER)
        assert systems.claim_probe(connection, "webcrm", now=LATER, next_at=LATER + timedelta(seconds=5))
        assert not systems.claim_probe(connection, "webcrm", now=LATER, next_at=LATER + timedelta(seconds=5))


def test_the_latest_rate_limit_of_the_scopes_counts(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        systems.set_rate_limit(connection, "a", NOW + timedelta(seconds=1), None)
        systems.set_rate_limit(connection, "b", LATER, None)
        assert systems.hindrance(connection, "d", ["a", "b", "c"]).until == LATER
        assert systems.hindrance(connection, "d", ["c"]).until is None
        systems.end_rate_limits(connection, ["a", "b"], NOW + timedelta(seconds=1))
        assert systems.hindrance(connection, "d", ["a"]).until is None
        assert systems.hindrance(connection, "d", ["b"]).until == LATER  # it is in force
        systems.purge_rate_limits(connection, LATER)
        assert systems.rate_limits_in_force(connection, NOW) == []


def test_a_worker_shows_signs_of_life_until_it_signs_off(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        systems.worker_seen(connection, "w1", NOW)
        systems.worker_seen(connection, "w1", LATER)
        (worker,) = systems.workers_known(connection)
        assert (worker.started_at, worker.seen_at) == (NOW, LATER)
        systems.worker_gone(connection, "w1")
        assert systems.workers_known(connection) == []


def test_an_alert_is_raised_once_and_a_configuration_kept_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert systems.raise_alert(connection, "down", "first", NOW)
        assert not systems.raise_alert(connection, "down", "second", LATER)
        assert [alert.text for alert in systems.newest_alerts(connection, 5)] == ["first"]
        systems.keep_config(connection, "v1", "{}", NOW)
        systems.keep_config(connection, "v1", "other", LATER)
        assert systems.kept_config(connection, "v1") == "{}"
        assert systems.kept_config(connection, "v2") is None
