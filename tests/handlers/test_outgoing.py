"""An outgoing ticket to a department in Usedesk, made by the bot: once, by the mode of its rule (U-14)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot import Bot
from tests.databases import Sqlite
from tests.handlers.request_life import CLIENT, answer, comments, finish, prepare, rows, states
from tests.usedesk import usedesk_bot


@pytest.fixture
def bot(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot with Usedesk, at work."""
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:
        prepare(made)
        yield made


def settle(bot: Bot, mode: str = "act") -> None:
    """Name the technical department's group in Usedesk, and the field that names a department."""
    bot.set_mode("U-14", mode)
    path = bot.process.settings.data_dir / "config" / "departments.yml"
    accusative = "    accusative: технического инженера\n"
    text = path.read_text(encoding="utf-8").replace("usedesk_field: null", "usedesk_field: '55'", 1)
    path.write_text(text.replace(accusative, f"{accusative}    usedesk_group: '3'\n", 1), encoding="utf-8")
    bot.set_config()


def hold(bot: Bot, department: str = "Технический отдел", *, heard: bool = True) -> None:
    """The agent asks in a private comment and puts the ticket «На удержании» with the department.

    `heard` False: Usedesk's later webhooks are lost.
    """
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, message="Что с платой?", private=True, user_id=12)
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, status=5, user_id=12, field_id="55", field_value=department)
    bot.sandbox.drain()
    bot.sandbox.usedesk_settings(webhooks=heard)
    finish(bot)


def made(bot: Bot) -> list[dict[str, Any]]:
    """The outgoing tickets that stand in Usedesk."""
    with bot.sandbox.state.lock:
        numbers = [number for number in bot.sandbox.state.usedesk.tickets if number != CLIENT]
    found = [bot.sandbox.usedesk_ticket(number) for number in numbers]
    return [one for one in found if one["ticket"]["additional_id"]]


@pytest.mark.rule("U-14", "U-16")
def test_the_department_gets_a_ticket_that_names_the_clients(bot: Bot) -> None:
    settle(bot)
    hold(bot)
    (one,) = made(bot)
    ticket = one["ticket"]
    assert ticket["additional_id"] == f"{CLIENT}:technical:1"
    assert ticket["subject"] == "Запрос: Технический отдел. Не включается"
    assert str(ticket["group"]) == "3"
    assert "Что с платой?" in str(one)
    assert f"Запрос по обращению {CLIENT}." in str(one)
    (asked,) = rows(bot)
    assert asked.dept_ticket_id == str(ticket["id"])
    assert any(str(ticket["id"]) in said for said in comments(bot, CLIENT))
    answer(bot, ticket=int(ticket["id"]))
    assert states(bot) == [(1, "answered", "comment")]


@pytest.mark.rule("U-14")
def test_an_answer_that_was_lost_and_a_second_hold_make_no_second_ticket(bot: Bot) -> None:
    settle(bot)
    bot.sandbox.fault(system="usedesk", match="POST /usedesk/create/ticket", times=1, status=500, after_effect=True)
    hold(bot, heard=False)
    finish(bot)
    assert len(made(bot)) == 1
    assert [row.opened_by.partition("/")[2].partition(":")[0] for row in rows(bot)] == ["trigger"]
    bot.sandbox.usedesk_settings(webhooks=True)
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, status=1, user_id=12)
    hold(bot)
    assert len(made(bot)) == 1
    assert [row.dept_ticket_id for row in rows(bot)] == [str(made(bot)[0]["ticket"]["id"])]


@pytest.mark.rule("U-14")
@pytest.mark.parametrize("mode", ["off", "observe", "warn"])
def test_without_leave_to_act_none_is_made(bot: Bot, mode: str) -> None:
    settle(bot, mode)
    hold(bot)
    assert made(bot) == []


@pytest.mark.rule("U-14")
def test_a_department_without_a_group_gets_none(bot: Bot) -> None:
    settle(bot)
    hold(bot, "Сервисный департамент")
    assert made(bot) == []
    assert [row.department for row in rows(bot)] == ["service"]
