"""«В ожидании»: a hold for the client with its own clock, which their answer ends (U-11, U-13)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import holds, ledger
from tests.bot import Bot
from tests.handlers.test_usedesk_checks import TICKET, act, again, bot, client, later, settle, told

__all__ = ["bot"]


def hold(bot: Bot) -> Any:
    """The newest hold."""
    with bot.engine.connect() as connection:
        return connection.execute(sa.select(holds).order_by(holds.c.id.desc()).limit(1)).one()


def verbs(bot: Bot, rule: str) -> list[tuple[str, str]]:
    """The ledger of a rule."""
    with bot.engine.connect() as connection:
        rows = sa.select(ledger.c.verb, ledger.c.outcome).where(ledger.c.rule == rule).order_by(ledger.c.id)
        return [(row.verb, row.outcome) for row in connection.execute(rows)]


@pytest.mark.rule("U-11")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("s/n AB12345678, mac 00:1A:2B:3C:4D:5E", "MAC-адрес: 00:1A:2B:3C:4D:5E; серийный номер: AB12345678"),
        ("Не нашёл, где написано", "данных в тексте бот не нашёл"),
    ],
)
def test_the_answer_ends_the_hold_and_says_what_was_received(bot: Bot, answer: str, words: str) -> None:
    act(bot, message="Пришлите с/н и MAC", status=6)
    assert (hold(bot).kind, hold(bot).source, hold(bot).ticket_id, hold(bot).stage) == (
        "client", "usedesk", TICKET, "waiting")  # fmt: skip
    client(bot, "Спасибо")
    assert hold(bot).ended_at is None
    client(bot, answer)
    assert (hold(bot).ended_why, hold(bot).answered_by) == ("answered", "client")
    assert [words in note for note in told(bot, "U-11")] == [True]
    again(bot)
    assert len(told(bot, "U-11")) == 1
    later(bot, "25h")
    assert len(told(bot, "U-11")) == 1


def test_the_client_is_silent(bot: Bot) -> None:
    act(bot, message="Пришлите с/н", status=6)
    later(bot, "25h")
    assert ["Клиент не отвечает" in note for note in told(bot, "U-11")] == [True]
    assert hold(bot).ended_at is None


@pytest.mark.parametrize(("status", "why"), [(1, "reopened"), (2, "solved"), (5, "reopened")])
def test_an_agent_who_sets_another_status_ends_it(bot: Bot, status: int, why: str) -> None:
    act(bot, status=6)
    act(bot, status=status)
    assert hold(bot).ended_why == why
    assert told(bot, "U-11") == []


@pytest.mark.rule("U-13")
def test_a_further_question_leaves_the_clock(bot: Bot) -> None:
    act(bot, status=6)
    due = hold(bot).due_at
    later(bot, "5h")
    act(bot, message="И ещё пришлите фото")
    assert (hold(bot).due_at, verbs(bot, "U-13")) == (due, [("keep_clock", "unchanged")])
    act(bot, status=6)
    later(bot, "20h")
    assert len(told(bot, "U-11")) == 1


def test_by_the_setting_a_further_question_begins_the_clock_anew(bot: Bot) -> None:
    settle(bot, {"keep_clock": False})
    act(bot, status=6)
    due = hold(bot).due_at
    later(bot, "5h")
    act(bot, message="И ещё пришлите фото")
    assert hold(bot).due_at > due
    later(bot, "20h")
    assert told(bot, "U-11") == []
    later(bot, "5h")
    assert len(told(bot, "U-11")) == 1


def test_in_a_mode_that_only_records_nothing_is_held(bot: Bot) -> None:
    bot.set_mode("U-11", "observe")
    act(bot, status=6)
    client(bot, "s/n AB12345678")
    assert verbs(bot, "U-11") == [("begin_hold", "observed")]
    assert told(bot, "U-11") == []
