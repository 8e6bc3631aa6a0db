"""A comment in Usedesk whose outcome is unknown is found by its words, whatever the two clocks say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from desk.clock import machine_now
from desk.tickets import Words
from desk.usedesk.comments import Comments
from desk.usedesk.words import to_html
from store.tables import deliveries, requests, timers
from tests.bot import Bot
from tests.handlers.request_life import CLIENT, ask, comments, finish, fire_after, outgoing, prepare, told

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def skew(bot: Bot, ahead: timedelta) -> None:
    """Let Usedesk's clock be ahead of ours."""
    usedesk, ours = bot.sandbox.state.usedesk, bot.sandbox.state.clock.now
    usedesk._now = lambda: ours() + ahead


def lose_answers(bot: Bot, *, after_effect: bool, times: int = 1) -> None:
    """Cut the connection of the next calls that write a comment."""
    match = "POST /usedesk/create/comment"
    bot.sandbox.fault(system="usedesk", match=match, status=0, times=times, after_effect=after_effect)


@pytest.mark.parametrize("ahead", [-SECOND, SECOND, -12 * HOUR, 14 * HOUR], ids=str)
def test_the_clocks_may_differ(any_bot: Bot, ahead: timedelta) -> None:
    prepare(any_bot)
    skew(any_bot, ahead)
    lose_answers(any_bot, after_effect=True, times=3)
    ask(any_bot)
    written = comments(any_bot, CLIENT) + comments(any_bot, outgoing())
    assert (len(written), len(set(written))) == (3, 3)


@pytest.mark.parametrize("after_effect", [True, False])
def test_the_same_words_are_written_as_often_as_they_are_meant(any_bot: Bot, after_effect: bool) -> None:
    prepare(any_bot)
    ask(any_bot)
    assert fire_after(any_bot, "24h") == 1
    reminder = comments(any_bot, outgoing())[-1]
    with any_bot.engine.begin() as connection:  # the department is reminded in the same words a minute later
        connection.execute(sa.update(requests).values(step=0))
        connection.execute(sa.update(timers).values(due_at=any_bot.process.clock.now()))
    lose_answers(any_bot, after_effect=after_effect)
    assert fire_after(any_bot, "1m") == 1
    finish(any_bot)
    assert [step for step, who, *_ in told(any_bot) if who == "department"] == [0, 0, 0, 0]
    assert comments(any_bot, outgoing()).count(reminder) == 2


def comments_at(bot: Bot, now: datetime) -> Comments:
    """The comments of a desk that was opened at this moment."""
    desk, _ = bot.process.factory.dry(bot.reloader.current(), "test")
    return Comments(replace(desk._context, now=now))


def test_whose_words_they_are(bot: Bot) -> None:
    bot.sandbox.put_usedesk(CLIENT)
    text = "Итог:  <b>5 & 6</b>\n\nвторая строка "
    find, act = comments_at(bot, machine_now()).find, bot.sandbox.usedesk_act
    made = act("agent", ticket_id=CLIENT, message=to_html(text), private=True, user_id=1)
    assert find(str(CLIENT), Words(text)) == str(made["comment_id"])
    assert find(str(CLIENT), Words("Другой")) is None
    assert find(str(CLIENT), Words(text, public=True)) is None
    assert comments_at(bot, machine_now() + timedelta(days=2)).find(str(CLIENT), Words(text)) is None  # of long ago
    act("agent", ticket_id=CLIENT, message="Напоминаю", private=True)
    assert find(str(CLIENT), Words("Напоминаю")) is None  # an agent's, not the bot's


@pytest.mark.parametrize("body", ["{}", '{"comment_id": null}', '{"comment_id": {}}', "[]", '{"status": "success"}'])
def test_an_answer_without_a_number_is_an_unknown_outcome(bot: Bot, body: str) -> None:
    prepare(bot)
    match = "POST /usedesk/create/comment"
    bot.sandbox.fault(system="usedesk", match=match, status=200, body=body, after_effect=True)
    ask(bot)
    finish(bot)
    written = comments(bot, CLIENT) + comments(bot, outgoing())
    assert (len(written), len(set(written))) == (3, 3)
    with bot.engine.connect() as connection:
        assert set(connection.execute(sa.select(deliveries.c.state)).scalars()) <= {"done", "ignored"}


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_warning_whose_answer_was_lost_is_said_once(any_bot: Bot, after_effect: bool) -> None:
    prepare(any_bot)
    any_bot.set_mode("U-14", "warn")
    lose_answers(any_bot, after_effect=after_effect)
    ask(any_bot)
    finish(any_bot)
    warned = [text for text in comments(any_bot, CLIENT) + comments(any_bot, outgoing()) if "U-14" in text]
    assert len(warned) == 1
