"""«На удержании» from the card of a ticket in Usedesk: the department is asked and the status set, each once (U-12)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from events import TicketEvent
from runtime.own_events import post
from store.tables import holds
from tests.bot import Bot
from tests.handlers.request_life import CLIENT, comments, finish, pending, prepare, rows, states
from tests.handlers.test_outgoing import made, settle
from tests.handlers.test_request_crashes import Reaper, survive
from tests.usedesk import usedesk_bot

ON_HOLD, WAITING, DONE = "5", "6", "2"


@pytest.fixture
def bot(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot with Usedesk, at work, that knows the technical department's group."""
    with usedesk_bot(database_url, tmp_path, monkeypatch) as made_bot:
        prepare(made_bot)
        settle(made_bot)
        yield made_bot


def press(bot: Bot, key: str = "k1", department: str = "Технический отдел") -> None:
    """The event of the card's button."""
    asked = {"department": department, "text": "Что с платой?"}
    ticket = {"id": str(CLIENT), "assignee_id": "12", "subject": "Не включается"}
    event: dict[str, Any] = {"source": "usedesk", "id": key, "type": "request.created", "ticket": ticket}
    event |= {"occurred_at": "2026-11-23T08:00:00Z", "request": asked, "agent": {"id": "12"}}
    with bot.engine.begin() as connection:
        post(connection, TicketEvent.model_validate(event))


def status(bot: Bot) -> str:
    """The status of the client's ticket in Usedesk."""
    return str(bot.sandbox.usedesk_ticket(CLIENT)["ticket"]["status_id"])


def changes(bot: Bot) -> list[dict[str, Any]]:
    """The calls that changed a ticket in Usedesk."""
    return [one for one in bot.sandbox.calls("usedesk") if one["path"].endswith("/update/ticket")]


@pytest.mark.rule("U-12", "U-14", "U-15")
def test_the_department_is_asked_and_the_ticket_waits_once(bot: Bot) -> None:
    press(bot)
    finish(bot)
    assert status(bot) == ON_HOLD
    assert [row.department for row in rows(bot)] == ["technical"]
    assert rows(bot)[0].dept_ticket_id == str(made(bot)[0]["ticket"]["id"])
    assert "Что с платой?" in str(made(bot))
    assert pending(bot) == ["request:1:1"]
    before = comments(bot, CLIENT)
    press(bot)
    press(bot, "k2")
    finish(bot)
    assert (len(made(bot)), len(changes(bot)), len(rows(bot))) == (1, 1, 1)
    assert comments(bot, CLIENT) == before
    assert bot.delivery("card:k2", "bot").state == "done"


@pytest.mark.rule("U-12")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_every_action_leaves_one_request(bot: Bot, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    press(bot)
    survive(bot)
    assert {name for _, name in reaper.seen} >= {"put_on_hold", "create_outgoing_ticket", "open_request"}
    assert (status(bot), len(made(bot)), states(bot)) == (ON_HOLD, 1, [(1, "open", None)])
    assert len(comments(bot, CLIENT)) == len(set(comments(bot, CLIENT)))


@pytest.mark.rule("U-11", "U-12")
def test_who_waited_for_the_client_waits_for_the_department_now(bot: Bot) -> None:
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, status=int(WAITING), user_id=12)
    finish(bot)
    press(bot)
    finish(bot)
    with bot.engine.connect() as connection:
        ended = [row.ended_why for row in connection.execute(sa.select(holds))]
    assert (status(bot), ended) == (ON_HOLD, ["replaced"])


@pytest.mark.rule("U-10", "U-12")
def test_a_ticket_that_is_done_stays_done(bot: Bot) -> None:
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, status=int(DONE), user_id=12)
    finish(bot)
    press(bot)
    finish(bot)
    assert (status(bot), changes(bot)) == (DONE, [])


@pytest.mark.rule("U-12")
@pytest.mark.parametrize("mode", ["off", "observe", "warn"])
def test_without_leave_to_act_the_status_stays(bot: Bot, mode: str) -> None:
    bot.set_mode("U-12", mode)
    was = status(bot)
    press(bot)
    finish(bot)
    assert (status(bot), changes(bot), len(rows(bot))) == (was, [], 1)


def test_an_unknown_department_changes_nothing(bot: Bot) -> None:
    press(bot, department="Отдел снов")
    finish(bot)
    assert (changes(bot), rows(bot), made(bot)) == ([], [], [])
