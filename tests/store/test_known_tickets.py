"""Tickets by whose they are, and mergers, which two workers may want at the same moment; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import sqlalchemy as sa

from store import known_tickets, merged_tickets
from store.known_tickets import KnownTicket
from store.merged_tickets import Merged

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE = KnownTicket("webcrm", "1", NOW, "partner:7", status="В работе", supply_no="2000012345", text="Где акт?")


def remember(engine: sa.Engine, *tickets: KnownTicket, at: datetime = NOW) -> None:
    """In a transaction of its own."""
    with engine.begin() as connection:
        known_tickets.remember(connection, tickets, at)


def test_the_newest_word_on_each_field_wins_in_whatever_order(engine: sa.Engine) -> None:
    late = replace(ONE, told_at=NOW + HOUR, status="Закрыт", supply_no=None, text=None)
    for order in ((ONE, late), (late, ONE)):
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM known_tickets"))
        remember(engine, *order[:1])
        remember(engine, *order[1:])
        with engine.connect() as connection:
            known = known_tickets.get(connection, "webcrm", "1")
        assert known == replace(ONE, told_at=NOW + HOUR, status="Закрыт")


def test_others_are_those_of_the_same_party_within_the_time_and_the_most(engine: sa.Engine) -> None:
    remember(engine, *(replace(ONE, ticket_id=str(number)) for number in range(1, 6)))
    remember(engine, replace(ONE, ticket_id="old"), at=NOW - 3 * HOUR)
    remember(engine, replace(ONE, ticket_id="elses", party="partner:8"), replace(ONE, ticket_id="nobodys", party=None))
    remember(engine, replace(ONE, ticket_id="new"), at=NOW + HOUR)
    with engine.connect() as connection:
        found = known_tickets.others(connection, ONE, NOW - HOUR, 3)
        nobody = known_tickets.others(connection, replace(ONE, party=None), NOW - HOUR, 3)
    assert next(one.ticket_id for one in found) == "new"
    assert len(found) == 3
    assert {one.ticket_id for one in found} <= {"new", "2", "3", "4", "5"}
    assert nobody == []


def test_what_was_not_heard_of_is_forgotten_a_piece_at_a_time(engine: sa.Engine) -> None:
    remember(engine, *(replace(ONE, ticket_id=str(number)) for number in range(3)), at=NOW - HOUR)
    remember(engine, replace(ONE, ticket_id="new"))
    counts = []
    for _ in range(3):
        with engine.begin() as connection:
            counts.append(known_tickets.purge(connection, NOW, 2))
    assert counts == [2, 1, 0]
    with engine.connect() as connection:
        assert known_tickets.get(connection, "webcrm", "new") is not None


def test_two_workers_that_merge_a_pair_both_ways_merge_it_once(engine: sa.Engine) -> None:
    for number in range(10):
        first, second = f"a{number}", f"b{number}"
        start = Barrier(2)

        def merge(ticket: str, original: str, start: Barrier = start) -> None:
            start.wait(10)
            with engine.begin() as connection:
                merged_tickets.merge(connection, Merged("webcrm", ticket, original, f"webcrm/{ticket}"), NOW)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(merge, (first, second), (second, first)))
        with engine.connect() as connection:
            found = merged_tickets.of_tickets(connection, "webcrm", [first, second])
        assert len(found) == 1


def test_a_ticket_is_merged_once_and_what_was_merged_into_it_is_found(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for original in ("2", "3"):
            merged_tickets.merge(connection, Merged("webcrm", "1", original, "webcrm/d"), NOW)
    with engine.begin() as connection:
        assert merged_tickets.of_ticket(connection, "webcrm", "1") == Merged("webcrm", "1", "2", "webcrm/d")
        assert merged_tickets.into(connection, "webcrm", "2", 10) == ["1"]
        assert merged_tickets.into(connection, "webcrm", "3", 10) == []
        assert merged_tickets.of_tickets(connection, "webcrm", []) == {}
        assert merged_tickets.purge(connection, NOW + HOUR, 10) == 1
