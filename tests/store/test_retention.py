"""What is too old is taken away, in pieces, by an index; what still waits for somebody stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from store import audit, browse, retention, texts, users
from store.audit import Actor, AuditFilter, Change
from store.rates import Rate, take
from store.tables import deliveries, ledger, rate_limits
from store.tables.access import audit as audit_table
from tests.bot import Bot

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(number: int, state: str = "done", **given: Any) -> dict[str, Any]:
    """A delivery that ended `number` days ago."""
    ended = NOW - number * DAY
    row: dict[str, Any] = {
        "source": "webcrm",
        "delivery_id": f"{state}-{number}",
        "case_id": f"webcrm:{number}",
        "type": "ticket.closed",
    }
    row |= {"state": state, "body": "{}", "event": "{}", "received_at": ended, "finished_at": ended}
    return row | given


@pytest.fixture
def old(engine: sa.Engine) -> sa.Engine:
    """A delivery of each of the last 40 days, with a step; and dead and waiting ones as old."""
    many = [rows(number) for number in range(40)]
    many += [rows(number, "dead") for number in (30, 39)] + [rows(39, "ignored"), rows(38, "waiting", finished_at=None)]
    step = {"rule": "W-57", "verb": "x", "n": 1, "mode": "act", "outcome": "observed", "begun_at": NOW}
    with engine.begin() as connection:
        numbers = [
            connection.execute(sa.insert(deliveries).values(row).returning(deliveries.c.id)).scalar() for row in many
        ]
        connection.execute(sa.insert(ledger), [{"delivery": number, **step} for number in numbers])
    return engine


def left(engine: sa.Engine, column: sa.Column[Any], gone: Any) -> set[str]:
    """The deliveries that still have something."""
    kept = column.is_not(None) if gone is None else column != gone
    with engine.connect() as connection:
        return set(connection.execute(sa.select(deliveries.c.delivery_id).where(kept)).scalars())


@pytest.mark.parametrize(("name", "gone"), [("bodies", ""), ("events", None)])
def test_bodies_and_events_go_in_pieces_the_oldest_first(old: sa.Engine, name: str, gone: str | None) -> None:
    column = deliveries.c.body if name == "bodies" else deliveries.c.event
    taken: list[Any] = []
    while not taken or taken[-1]:
        with old.begin() as connection:
            taken.append(retention.forget(connection, name, NOW - 10 * DAY, 7))
    assert taken == [7, 7, 7, 7, 2, 0]  # 29 that are done and one that was ignored
    young = {f"done-{number}" for number in range(11)}
    assert left(old, column, gone) == young | {"dead-30", "dead-39", "waiting-38"}
    other = deliveries.c.event if name == "bodies" else deliveries.c.body
    assert len(left(old, other, None)) == 44
    with old.begin() as connection:  # a day later only that day's is looked at
        assert retention.forget(connection, name, NOW - 9 * DAY, 7) == 1


def test_what_was_replayed_has_its_turn_again(old: sa.Engine) -> None:
    with old.begin() as connection:
        retention.forget(connection, "bodies", NOW, 100)
        again = sa.update(deliveries).where(deliveries.c.delivery_id == "done-20")
        connection.execute(again.values(body="{}", finished_at=NOW + DAY))
        assert retention.forget(connection, "bodies", NOW + 2 * DAY, 100) == 2  # and the one of this very moment
    assert left(old, deliveries.c.body, "") == {"dead-30", "dead-39", "waiting-38"}


def test_deliveries_go_with_their_ledger(old: sa.Engine) -> None:
    with old.begin() as connection:
        assert retention.delete_deliveries(connection, NOW - 35 * DAY, 3) == 3
        assert retention.delete_deliveries(connection, NOW - 35 * DAY, 100) == 2
        count = connection.execute(sa.select(sa.func.count()).select_from(ledger)).scalar()
    assert count == 39
    assert {"dead-39", "waiting-38"} <= left(old, deliveries.c.body, "")


def test_the_audit_sessions_and_limits_go_too(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for number in range(5):
            audit.write(connection, Actor("a@example.test", "cli"), Change("paused"), NOW - number * DAY)
            session = {"sha256": f"{number}", "email": "a@example.test", "role": "admin", "how": "oidc", "address": ""}
            moment = NOW - number * DAY
            users.begin_session(connection, session | {"created_at": moment, "seen_at": moment})
            take(connection, Rate(f"sign-in:{number}", 1, 5), moment)
        for purge in (audit.purge, users.purge_sessions, retention.forget_limits):
            assert purge(connection, NOW - 1.5 * DAY, 2) == 2
            assert purge(connection, NOW - 1.5 * DAY, 2) == 1
        assert len(audit.page(connection, AuditFilter(), None)) == 2
        assert connection.execute(sa.select(sa.func.count()).select_from(rate_limits)).scalar() == 2


def test_the_clock_takes_away_what_runtime_yml_no_longer_keeps(bot: Bot) -> None:
    from runtime.clock import Clock  # noqa: PLC0415 # the store's tests know no runtime but here

    now = machine_now()
    ages = {"fresh": 1, "bodyless": 100, "eventless": 400, "gone": 1200}
    with bot.engine.begin() as connection:
        for name, days in ages.items():
            connection.execute(sa.insert(deliveries).values(rows(days, delivery_id=name, finished_at=now - days * DAY)))
    Clock(bot.engine, bot.process.factory, bot.reloader).purge()
    with bot.engine.connect() as connection:
        found = {row.delivery_id: (row.body, row.event) for row in connection.execute(sa.select(deliveries))}
    assert found == {"fresh": ("{}", "{}"), "bodyless": ("", "{}"), "eventless": ("", None)}


QUESTIONS = {
    "ix_deliveries_case": lambda connection: texts._alive(connection, ["webcrm:5"], NOW - 10 * DAY),
    "ix_deliveries_over": lambda connection: retention.forget(connection, "bodies", NOW - 10 * DAY, 7),
    "ix_deliveries_received": lambda connection: browse.page(
        connection, browse.Filter(since=NOW - 5 * DAY, until=NOW - 4 * DAY), ("webcrm",)
    ),
    "ix_ledger_observed": lambda connection: browse.observed(connection, "W-57", 5),
    "ix_audit_who": lambda connection: audit.page(connection, AuditFilter(who="w7@example.test"), 10_000),
    "ix_audit_target": lambda connection: audit.page(connection, AuditFilter(what="mode_set", target="W-7"), None),
    "ix_audit_at": lambda connection: audit.purge(connection, NOW - 10 * DAY, 5),
}


@pytest.fixture
def crowded(old: sa.Engine) -> sa.Engine:
    """So much that no database would rather read everything."""
    many = [rows(number % 900, delivery_id=f"x-{number}") for number in range(3000)]
    steps = {"verb": "y", "n": 1, "mode": "observe", "outcome": "observed"}
    with old.begin() as connection:
        connection.execute(sa.insert(deliveries), many)
        numbers = list(
            connection.execute(sa.select(deliveries.c.id).where(deliveries.c.delivery_id.like("x-%"))).scalars()
        )
        found = [{"delivery": one, "rule": f"W-{one % 80:02}", "begun_at": NOW - one * DAY / 50} for one in numbers]
        connection.execute(sa.insert(ledger), [row | steps for row in found])
        table = audit_table
        changes = [
            {
                "at": NOW - n * DAY / 50,
                "who": f"w{n % 300}@example.test",
                "door": "cli",
                "what": "mode_set",
                "target": f"W-{n % 300}",
            }
            for n in range(3000)
        ]
        connection.execute(sa.insert(table), changes)
    with old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return old


def test_each_question_uses_its_index(crowded: sa.Engine) -> None:
    explain = "EXPLAIN" if crowded.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for index, ask in QUESTIONS.items():
        asked: list[tuple[str, Any]] = []

        def keep(*given: Any, asked: list[tuple[str, Any]] = asked) -> None:
            asked.append((given[2], given[3]))

        with crowded.connect() as connection:
            sa.event.listen(connection, "before_cursor_execute", keep)
            ask(connection)
            sa.event.remove(connection, "before_cursor_execute", keep)
            plans = [str(connection.exec_driver_sql(f"{explain} {text}", values).all()) for text, values in asked]
            connection.rollback()
        assert any(index in plan for plan in plans), (index, plans)
        big = ("deliveries", "ledger", "audit")
        for plan in plans:
            assert not any(f"Seq Scan on {table}" in plan or f"SCAN {table}'" in plan for table in big), (index, plan)


def test_counting_what_observed_rules_would_have_done_is_bounded(crowded: sa.Engine) -> None:
    with crowded.connect() as connection:
        counts = browse.observed_counts(connection, ["W-07", "W-08", "Z-99"], NOW - 1000 * DAY, 20)
        assert counts == {"W-07": 20, "W-08": 20, "Z-99": 0}
        assert browse.observed_counts(connection, [], NOW, 20) == {}
