"""Usedesk's dates name no zone: it is learnt once, and every date is read in it; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from desk.usedesk.zone import Zone
from receivers.usedesk_polled import understand
from runtime.usedesk_polling import Polling
from tests.bot import Bot
from tests.handlers.request_life import answer, ask, finish, fire_after, outgoing, pending, prepare, states

MOSCOW, NEW_YORK = 180, -300


def poll(bot: Bot) -> None:
    """Ask what changed, as the clock does."""
    Polling(bot.process.factory, bot.reloader, bot.process.inbox, understand).look()


@pytest.mark.rule("U-14", "U-30")
@pytest.mark.parametrize("polled", [True, False], ids=["learnt-by-polling", "learnt-by-a-webhook"])
@pytest.mark.parametrize("zone", [MOSCOW, NEW_YORK])
def test_an_old_answer_does_not_close_what_was_asked_again(any_bot: Bot, zone: int, polled: bool) -> None:
    prepare(any_bot)
    any_bot.sandbox.usedesk_settings(zone=zone)
    ask(any_bot)
    if polled:
        poll(any_bot)
    answer(any_bot)
    assert states(any_bot) == [(1, "answered", "comment")]
    any_bot.sandbox.clock(advance="5m")
    any_bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), status=2)
    any_bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), status=1)
    finish(any_bot)
    assert states(any_bot) == [(1, "answered", "comment"), (2, "open", None)]
    assert pending(any_bot) == ["request:2:1"]
    answer(any_bot, "Мастер будет завтра.")
    assert states(any_bot)[1] == (2, "answered", "comment")


@pytest.mark.rule("U-30")
@pytest.mark.parametrize("zone", [MOSCOW, NEW_YORK])
def test_an_answer_whose_webhook_was_lost_stops_the_reminder(any_bot: Bot, zone: int) -> None:
    prepare(any_bot)
    any_bot.sandbox.usedesk_settings(zone=zone)
    ask(any_bot)
    any_bot.sandbox.clock(advance="5m")
    any_bot.sandbox.usedesk_settings(webhooks=False)
    answer(any_bot)
    assert states(any_bot) == [(1, "open", None)]
    assert fire_after(any_bot, "24h") == 1
    assert states(any_bot) == [(1, "answered", "comment")]


@pytest.mark.rule("U-14", "U-30")
def test_a_quick_answer_counts_by_usedesks_own_clock(any_bot: Bot) -> None:
    prepare(any_bot)
    ask(any_bot)
    answer(any_bot)
    usedesk, ours = any_bot.sandbox.state.usedesk, any_bot.sandbox.state.clock.now
    usedesk._now = lambda: ours() - timedelta(minutes=1)
    any_bot.sandbox.clock(advance="5m")
    any_bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), status=2)
    any_bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), status=1)
    finish(any_bot)
    any_bot.sandbox.usedesk_settings(webhooks=False)
    any_bot.sandbox.clock(advance="10s")
    answer(any_bot, "Мастер будет завтра.")
    assert states(any_bot)[1] == (2, "open", None)
    assert fire_after(any_bot, "24h") == 1
    assert states(any_bot)[1] == (2, "answered", "comment")


def kept(engine: sa.Engine) -> list[int | None]:
    """The zone in the store."""
    with engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT zone FROM polls")).scalars())


def test_the_first_webhook_tells_the_zone_and_polling_keeps_it(any_bot: Bot) -> None:
    poll(any_bot)  # a list without tickets teaches nothing
    assert kept(any_bot.engine) == [None]
    any_bot.sandbox.usedesk_settings(zone=MOSCOW)
    now = any_bot.process.clock.now()
    zone, wall = Zone(any_bot.engine), (now + timedelta(minutes=MOSCOW)).replace(tzinfo=None)
    assert zone.of_fresh(None, now) == timedelta(0)
    assert zone.of_fresh(wall - timedelta(days=1), now) == timedelta(0)  # not of just now: it tells nothing
    assert kept(any_bot.engine) == [None]
    assert zone.of_fresh(wall - timedelta(seconds=3), now) == timedelta(minutes=MOSCOW)
    assert zone.of_fresh(wall - timedelta(hours=5), now) == timedelta(minutes=MOSCOW)
    assert kept(any_bot.engine) == [MOSCOW]
    any_bot.sandbox.clock(advance="3m")
    with any_bot.engine.begin() as connection:
        connection.execute(sa.text("UPDATE polls SET next_at = NULL"))
    poll(any_bot)
    assert (kept(any_bot.engine), zone.get()) == ([MOSCOW], timedelta(minutes=MOSCOW))
