"""A dead letter that a replay has done: the ticket that says «доделайте вручную» says so, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from store.audit import Actor
from store.tables import deliveries as d
from tests.bot import Bot
from tests.databases import Sqlite
from tests.handlers.request_life import ask, finish, outgoing, prepare
from tests.tickets import closing, ticket
from tests.usedesk import notes, usedesk_bot
from web.admin.actions import Actions

STOPPED, DONE = "сделайте этот шаг вручную", "Бот довёл до конца"
ADMIN = Actor("anna@example.test", "password")


def refuse(bot: Bot, times: int = 1) -> None:
    """Jira refuses to make an issue."""
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", times=times, status=403)


def stopped(bot: Bot) -> str:
    """A closing that became a dead letter; its delivery's id."""
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made)
    refuse(bot)
    assert bot.crm(event) == 202
    bot.work()
    assert bot.delivery(event["id"]).state == "dead"
    return str(event["id"])


def replay(bot: Bot, name: str, source: str = "webcrm") -> None:
    """A person lets the delivery run again."""
    assert Actions(bot.engine).replay(bot.delivery(name, source).id, ADMIN)
    bot.work()


def said(bot: Bot, name: str) -> list[str]:
    """Of the ticket's notes those about the dead letter, in order: STOPPED or DONE."""
    messages = bot.sandbox.ticket(bot.delivery(name).case_id.split(":")[1])["messages"]
    found = [word for one in messages for word in (STOPPED, DONE) if word in one["text"]]
    assert all(one["visibility"] == "internal" for one in messages if DONE in one["text"])
    return found


def test_a_ticket_whose_dead_letter_was_replayed_says_that_it_is_done(any_bot: Bot) -> None:
    name = stopped(any_bot)
    assert said(any_bot, name) == [STOPPED]
    replay(any_bot, name)
    assert any_bot.delivery(name).state == "done"
    assert said(any_bot, name) == [STOPPED, DONE]
    replay(any_bot, name)  # what is done already
    assert said(any_bot, name) == [STOPPED, DONE]


def test_it_says_so_after_retries_too(bot: Bot) -> None:
    name = stopped(bot)
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", times=1, status=503)
    replay(bot, name)
    assert said(bot, name) == [STOPPED]
    bot.hurry()
    bot.work()
    assert said(bot, name) == [STOPPED, DONE]


def test_a_replay_that_stops_again_says_nothing_twice(bot: Bot) -> None:
    name = stopped(bot)
    refuse(bot)
    replay(bot, name)
    assert bot.delivery(name).state == "dead"
    assert said(bot, name) == [STOPPED]
    replay(bot, name)
    assert said(bot, name) == [STOPPED, DONE]


def test_a_ticket_that_was_never_told_to_be_seen_to_by_hand_is_not_told_that_it_is_done(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made)
    refuse(bot)
    bot.sandbox.fault(system="webcrm", match=f"POST /webcrm/tickets/{made['id']}/messages", times=1, status=403)
    assert bot.crm(event) == 202
    bot.work()
    replay(bot, event["id"])
    assert bot.delivery(event["id"]).state == "done"
    assert said(bot, event["id"]) == []


def test_an_event_that_never_stopped_says_nothing(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    assert bot.crm(closing(made)) == 202
    bot.work()
    replay(bot, f"evt-{made['id']}-closing")
    assert said(bot, f"evt-{made['id']}-closing") == []


@pytest.fixture
def usedesk(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot that is set up for Usedesk."""
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:
        yield made


def test_a_ticket_in_usedesk_says_it_too(usedesk: Bot) -> None:
    prepare(usedesk)
    usedesk.sandbox.fault(system="usedesk", match="POST /usedesk/create/comment", times=1, status=400)
    ask(usedesk)
    with usedesk.engine.connect() as connection:
        dead = connection.execute(sa.select(d).where(d.c.state == "dead")).one()
    told = [*notes(usedesk, 700_001), *notes(usedesk, outgoing())]
    assert len([text for text in told if STOPPED in text]) == 1
    replay(usedesk, dead.delivery_id, dead.source)
    finish(usedesk)
    told = [*notes(usedesk, 700_001), *notes(usedesk, outgoing())]
    assert [len([text for text in told if word in text]) for word in (STOPPED, DONE)] == [1, 1]
