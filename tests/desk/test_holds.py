"""Holds as the desk keeps them: one per ticket, begun once however often the run is repeated."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from desk.desk import Desk
from desk.faults import Later
from desk.holds import BEGUN, WAITING, Start
from desk.issues import Issue
from desk.run import Run
from store import deliveries, ledger
from store import holds as store_holds
from store.tables import deliveries as deliveries_table
from store.tables import holds, timers
from tests.bot import Bot
from tests.tickets import closing, ticket

ISSUE = Issue("main", "10001", "FBO-1", "FBO")
OZON = Start("ozon", "webcrm", "23000001", owner_id="a17", seller_id="184467")
SELLER = replace(OZON, kind="seller", question="Какой склад?")


def open_desk(bot: Bot, name: str, token: str | None = None) -> Desk:
    """The desk of a run of the delivery `name`, which is taken by this run."""
    with bot.engine.connect() as connection:
        known = deliveries.find(connection, "webcrm", name)
    if known is None:
        assert bot.crm(closing(ticket(id=name), id=name)) == 202
        known = bot.delivery(name)
    config = bot.reloader.current()
    owner = token or f"run of {name}"
    with bot.engine.begin() as connection:
        mine = sa.update(deliveries_table).where(deliveries_table.c.id == known.id)
        moment = known.taken_at or bot.process.factory.clock.now()
        connection.execute(mine.values(state="running", run_token=owner, taken_at=moment))
        recorded = ledger.recorded(connection, known.id)
    run = Run(known.id, f"webcrm/{name}", known.case_id, owner, known=recorded)
    return bot.process.factory.open(run, config, bot.delivery(name).taken_at, lambda: None)[0]


def rows(bot: Bot) -> list[tuple[str, str, str | None]]:
    """All holds as (kind, stage, why ended)."""
    with bot.engine.connect() as connection:
        return [tuple(one) for one in connection.execute(sa.select(*COLUMNS).order_by(holds.c.id))]


COLUMNS = (holds.c.kind, holds.c.stage, holds.c.ended_why)


def states(bot: Bot) -> list[str]:
    """The states of all timers, in the order of the holds."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(timers.c.state).order_by(timers.c.key)).scalars())


def test_a_run_that_is_repeated_gets_the_hold_that_it_began(any_bot: Bot) -> None:
    first = open_desk(any_bot, "one").holds.begin(OZON, ISSUE, why="W-66")
    desk = open_desk(any_bot, "one")
    again = desk.holds.begin(OZON, ISSUE, why="W-66")
    assert (again, again.new, again.stage) == (first, True, BEGUN)
    desk.holds.now_waiting(again, why="W-71")
    assert open_desk(any_bot, "one").holds.begin(OZON, ISSUE, why="W-66") == first
    assert rows(any_bot) == [("ozon", "waiting", None)]
    assert states(any_bot) == ["pending"]


def test_another_delivery_finds_the_hold_as_it_stands(any_bot: Bot) -> None:
    first = open_desk(any_bot, "one").holds.begin(OZON, ISSUE, why="W-66")
    open_desk(any_bot, "one").holds.now_waiting(first, why="W-71")
    again = open_desk(any_bot, "two").holds.begin(OZON, ISSUE, why="W-66")
    assert (again.id, again.new, again.stage) == (first.id, False, WAITING)
    assert rows(any_bot) == [("ozon", "waiting", None)]


def test_a_hold_of_another_kind_replaces_the_first(any_bot: Bot) -> None:
    open_desk(any_bot, "one").holds.begin(OZON, ISSUE, why="W-66")
    second = open_desk(any_bot, "two").holds.begin(SELLER, ISSUE, why="W-73")
    assert (second.new, second.replaced) == (True, "ozon")
    assert rows(any_bot) == [("ozon", "begun", "replaced"), ("seller", "begun", None)]
    assert states(any_bot) == ["cancelled", "pending"]


def test_two_deliveries_that_race_for_a_ticket_begin_one_hold(any_bot: Bot) -> None:
    desks = [open_desk(any_bot, name) for name in ("one", "two")]
    start = threading.Barrier(2)

    def begin(desk: Desk) -> str:
        start.wait(10)
        try:
            return "new" if desk.holds.begin(OZON, ISSUE, why="W-66").new else "known"
        except Later:
            return "later"

    with ThreadPoolExecutor(2) as threads:
        ways = list(threads.map(begin, desks))
    assert ways.count("new") == 1
    assert rows(any_bot) == [("ozon", "begun", None)]
    assert states(any_bot) == ["pending"]
    found = [open_desk(any_bot, name).holds.begin(OZON, ISSUE, why="W-66").id for name in ("one", "two")]
    assert len(set(found)) == 1


def test_who_comes_a_moment_too_late_looks_again_later(any_bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw no hold; the second one's row is refused by the index, which is no fault of its own."""
    winner = open_desk(any_bot, "one").holds.begin(OZON, ISSUE, why="W-66")
    with monkeypatch.context() as patched:
        patched.setattr(store_holds, "open_of_ticket", lambda *_: None)
        with pytest.raises(Later):
            open_desk(any_bot, "two").holds.begin(OZON, ISSUE, why="W-66")
    again = open_desk(any_bot, "two").holds.begin(OZON, ISSUE, why="W-66")
    assert (again.id, again.new) == (winner.id, False)
    assert states(any_bot) == ["pending"]


def test_a_hold_is_ended_once_by_whoever_is_first(any_bot: Bot) -> None:
    open_desk(any_bot, "one").holds.begin(OZON, ISSUE, why="W-66")
    desk = open_desk(any_bot, "one")
    hold = desk.holds.of_ticket("webcrm", OZON.ticket_id)
    assert hold is not None
    desk.holds.end(hold, "answered", "seller", why="W-71")
    open_desk(any_bot, "two").holds.end(hold, "solved", "agent", why="W-71")
    assert rows(any_bot) == [("ozon", "begun", "answered")]
    assert desk.holds.of_issue("main", "10001") is None


@pytest.mark.parametrize("mode", ["off", "observe", "warn"])
def test_a_mode_that_does_not_act_begins_no_hold(bot: Bot, mode: str) -> None:
    bot.set_config(RULES_DEFAULT_MODE=mode)
    begun = open_desk(bot, "one").holds.begin(OZON, ISSUE, why="W-66")
    assert (begun.new, begun.real) == (True, False)
    open_desk(bot, "one").holds.now_waiting(begun, why="W-71")
    assert rows(bot) == []
    assert states(bot) == []
