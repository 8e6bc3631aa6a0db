"""A call that was asked for in time and sent late: another has done the work meanwhile, and one of the two stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from requests.adapters import HTTPAdapter

from desk.clock import machine_now
from events import DeadLetterEvent
from runtime.own_events import post
from store import ledger
from store.tables import deliveries as d
from store.tables import links
from tests.bot import Bot
from tests.databases import Sqlite
from tests.tickets import closing, ticket
from tests.usedesk import notes, usedesk_bot

CREATE, COMMENT = "/rest/api/3/issue", "/comment"
Meanwhile = Callable[[], None]


def asleep(monkeypatch: pytest.MonkeyPatch, path: str, meanwhile: Meanwhile) -> None:
    """The first worker that posts to this path sleeps with the request in its hands; what others do `meanwhile`."""
    send = HTTPAdapter.send
    slept: list[bool] = []

    def late(self: HTTPAdapter, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
        if not slept and request.method == "POST" and str(request.url).endswith(path):
            slept.append(True)
            meanwhile()
        return send(self, request, *given, **named)

    monkeypatch.setattr(HTTPAdapter, "send", late)


def another(bot: Bot, name: str) -> Meanwhile:
    """Another worker takes the delivery over and finishes it."""
    return lambda: bot.new_runner().look_at(bot.delivery(name).case_id)


def taken_only(bot: Bot, name: str) -> Meanwhile:
    """Another worker takes the delivery over and does not come any further."""

    def take() -> None:
        with bot.engine.begin() as connection:
            mine = sa.update(d).where(d.c.delivery_id == name)
            connection.execute(mine.values(run_token="another's", state="waiting", due_at=machine_now()))

    return take


def close(bot: Bot, **chosen: Any) -> str:
    """A closing arrives; its delivery's id."""
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made, **chosen)
    assert bot.crm(event) == 202
    return str(event["id"])


def comments(issue: dict[str, Any]) -> list[str]:
    """What is written in an issue."""
    return [json.dumps(one["body"], ensure_ascii=False) for one in issue["fields"]["comment"]["comments"]]


def strays(bot: Bot) -> list[Any]:
    """The own events that look after what is there twice."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(d).where(d.c.type == "effect.stray").order_by(d.c.id)))


def linked(bot: Bot) -> list[str]:
    """The issues that the bot knows."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(links.c.issue_key)).scalars())


def one_of_two(bot: Bot) -> None:
    """The first issue is the ticket's; the second says so, and an admin knows both."""
    real, second = bot.sandbox.issues()
    assert linked(bot) == [real["key"]]
    assert not [said for said in comments(real) if "лишняя" in said]
    [said] = comments(second)
    assert f"настоящая задача – {real['key']}" in said
    assert second["fields"]["labels"] == [one for one in second["fields"]["labels"] if "webcrm" not in one]
    alerts = [one["message"] for one in bot.sandbox.chat("admins")]
    [told] = [text for text in alerts if second["key"] in text]
    assert real["key"] in told
    assert {one.state for one in strays(bot)} == {"done"}


def run_again(bot: Bot) -> None:
    """The own events run once more from their top, as after a crash before their end."""
    with bot.engine.begin() as connection:
        connection.execute(sa.update(d).where(d.c.type == "effect.stray").values(state="waiting", due_at=machine_now()))
    bot.work()


def test_a_second_issue_of_a_worker_that_slept_within_the_call_says_that_it_is_one_too_many(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = close(any_bot)
    asleep(monkeypatch, CREATE, another(any_bot, name))
    any_bot.work()
    one_of_two(any_bot)
    carried = any_bot.sandbox.ticket(any_bot.delivery(name).case_id.split(":")[1])["jira_key"]
    assert carried == any_bot.sandbox.issues()[0]["key"]
    run_again(any_bot)
    one_of_two(any_bot)


def test_a_second_hold_issue_says_so_too(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    name = close(bot, create_jira=False, hold="ozon", hold_detail={"reason": "slack"})
    asleep(monkeypatch, CREATE, another(bot, name))
    bot.work()
    real, second = bot.sandbox.issues()
    assert linked(bot) == [real["key"]]
    assert [said for said in comments(second) if "лишняя" in said]
    assert strays(bot)[0].state == "done"


def test_a_second_issue_whose_answer_was_lost_is_found_by_search(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    name = close(bot)

    def meanwhile() -> None:
        another(bot, name)()
        bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", times=1, status=500, after_effect=True)

    asleep(monkeypatch, CREATE, meanwhile)
    bot.work()
    one_of_two(bot)


def test_what_is_left_to_do_about_a_second_issue_is_done_after_a_fault(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = close(bot)

    def meanwhile() -> None:
        another(bot, name)()
        bot.sandbox.fault(system="jira", match="PUT /rest/api/3/issue/*", times=1, status=503)

    asleep(monkeypatch, CREATE, meanwhile)
    bot.work()
    assert strays(bot)[0].state == "waiting"
    bot.hurry()
    bot.work()
    one_of_two(bot)


def test_an_issue_that_came_before_the_others_is_the_tickets_own(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    name = close(bot)
    asleep(monkeypatch, CREATE, taken_only(bot, name))
    bot.work()
    [issue] = bot.sandbox.issues()
    assert linked(bot) == [issue["key"]]
    assert bot.delivery(name).state == "done"
    assert comments(issue) == []
    assert [one.state for one in strays(bot)] == ["done"]
    assert bot.sandbox.chat("admins") == []


def test_a_second_comment_of_a_worker_that_slept_is_taken_back(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    name = close(bot, create_jira=False, hold="ozon", hold_detail={"reason": "slack"}, actions_done="Спросили склад.")
    asleep(monkeypatch, COMMENT, another(bot, name))
    bot.work()
    [issue] = bot.sandbox.issues()
    assert len([one for one in comments(issue) if "Спросили склад." in one]) == 1
    assert [one.state for one in strays(bot)] == ["done"]


def test_a_second_note_of_a_worker_that_slept_is_one_note_in_webcrm(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ticket(type="Финансы", subtype="Сверка")
    bot.sandbox.put_ticket(made)
    event = closing(made)
    assert bot.crm(event) == 202
    asleep(monkeypatch, "/messages", another(bot, str(event["id"])))
    bot.work()
    said = [one["visibility"] for one in bot.sandbox.ticket(made["id"])["messages"]]
    assert said.count("internal") == 1


def test_a_second_comment_in_usedesk_is_known_as_the_bots_own(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as bot:
        bot.sandbox.put_usedesk(900, subject="Тема", comments=[{"message": "Вопрос"}])
        about = {"rule": "U-14", "ticket_source": "usedesk", "ticket_id": "900"}
        with bot.engine.begin() as connection:
            post(connection, DeadLetterEvent(occurred_at=machine_now(), delivery="usedesk/x", reason="403", **about))
            case = connection.execute(sa.select(d.c.case_id).where(d.c.type == "delivery.dead")).scalar_one()
        asleep(monkeypatch, "/create/comment", lambda: bot.new_runner().look_at(case))
        bot.work()
        written = {str(one["id"]) for one in bot.sandbox.usedesk_ticket(900)["comments"][1:]}
        with bot.engine.connect() as connection:
            known = {one["id"] for one in ledger.results(connection, "900") if isinstance(one, dict)}
        assert len(notes(bot, 900)) == len(written) == 2  # Usedesk takes none back
        assert known == written
