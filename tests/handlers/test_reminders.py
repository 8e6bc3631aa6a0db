"""Timers of holds fire once, at their moment or late, whatever clocks there are."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from events import TimerEvent, load_event
from runtime.clock import Clock
from store.tables import deliveries, timers
from tests.bot import Bot
from tests.handlers.test_holds import SELLER, asked, for_ozon, for_seller, hold, put, says, timer_states
from tests.handlers.test_jira_task import notes
from tests.tickets import ticket


def clock(bot: Bot) -> Clock:
    """A clock of the bot's."""
    return Clock(bot.engine, bot.process.factory, bot.reloader)


@pytest.mark.rule("W-71")
@pytest.mark.rule("W-76")
@pytest.mark.parametrize(("begin", "rule"), [(for_ozon, "W-71"), (for_seller, "W-76")], ids=["ozon", "seller"])
def test_a_hold_that_is_due_is_told_to_its_owner_once(bot: Bot, begin: object, rule: str) -> None:
    event = begin(bot)  # type: ignore[operator]
    told = len(notes(bot, event))
    assert clock(bot).fire() == 0
    bot.sandbox.clock(advance="24h")
    assert clock(bot).fire() == 1
    assert clock(bot).fire() == 0
    bot.work()
    assert len(notes(bot, event)) == told + 1
    assert rule in notes(bot, event)[-1]
    assert "срок ожидания вышел" in notes(bot, event)[-1]
    assert timer_states(bot) == ["rung"]
    assert hold(bot).ended_at is None


@pytest.mark.rule("W-24")
def test_a_ticket_that_waits_without_an_issue_is_told_of_in_words_of_its_own(bot: Bot) -> None:
    made = ticket(type="Финансы", subtype="Сверка", messages=[asked("Какой период сверяем?")])
    event = put(bot, made, create_jira=False)
    bot.sandbox.clock(advance="24h")
    assert clock(bot).fire() == 1
    bot.work()
    told = notes(bot, event)[-1]
    assert "W-24" in told
    assert "Партнёр не ответил на ваш вопрос" in told
    assert "Jira" not in told
    assert "держани" not in told


def test_an_answer_silences_the_timer(bot: Bot) -> None:
    for_seller(bot)
    says(bot, SELLER, bot.sandbox.issues()[0]["key"], "Двадцать пятого.")
    bot.sandbox.clock(advance="48h")
    assert clock(bot).fire() == 0


def test_a_hold_that_ends_after_its_timer_was_claimed_is_left_in_peace(bot: Bot) -> None:
    event = for_seller(bot)
    bot.sandbox.clock(advance="24h")
    assert clock(bot).fire() == 1
    number = bot.delivery(f"alarm:hold:{hold(bot).id}", "bot").id
    with bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.id == number).values(due_at=None))
    says(bot, SELLER, bot.sandbox.issues()[0]["key"], "Двадцать пятого.")
    told = len(notes(bot, event))
    bot.hurry()
    bot.work()
    assert len(notes(bot, event)) == told
    assert bot.delivery(f"alarm:hold:{hold(bot).id}", "bot").state == "done"


@pytest.mark.parametrize(("advance", "late"), [("24h", False), ("25h", True)])
def test_a_clock_that_slept_rings_late_and_says_so(bot: Bot, advance: str, late: bool) -> None:
    for_ozon(bot)
    bot.sandbox.clock(advance=advance)
    clock(bot).fire()
    stored = load_event(bot.delivery(f"alarm:hold:{hold(bot).id}", "bot").event)
    assert isinstance(stored, TimerEvent)
    assert stored.late is late


def test_several_clocks_ring_each_timer_once(any_bot: Bot) -> None:
    for _ in range(5):
        for_ozon(any_bot)
    any_bot.sandbox.clock(advance="24h")
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(clock(any_bot).fire())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 5
    with any_bot.engine.connect() as connection:
        rung = connection.execute(sa.select(sa.func.count()).where(timers.c.state == "rung")).scalar()
        made = connection.execute(
            sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.type == "alarm.due")
        ).scalar()
    assert (rung, made) == (5, 5)
