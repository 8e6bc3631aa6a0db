"""What Jira's webhooks lost comes in by the same door, once; an hour without them ends as one with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.roles import reconciling
from desk.clock import machine_now
from events import IssueLinkEvent, load_event
from runtime.jira_reconciling import AGAIN
from store.tables import deliveries, polls
from tests.bot import Bot
from tests.conftest import bot_beside_a_sandbox
from tests.databases import Sqlite
from tests.handlers.test_hand_made import components, make, person
from tests.handlers.test_holds import SELLER, for_seller, hold, says, status

HOOK = "/rest/webhooks/1.0/webhook/1"


@pytest.fixture
def other(sqlite: Sqlite, tmp_path: Path) -> Iterator[Bot]:
    """A second bot with a sandbox of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    yield from bot_beside_a_sandbox(sqlite.fresh(folder), folder)


def lose_webhooks(bot: Bot) -> None:
    """From now on Jira tells the bot nothing."""
    there = bot.sandbox.call("GET", HOOK)
    bot.sandbox.call("PUT", HOOK, {**there, "enabled": False})


def look(bot: Bot) -> int:
    """Look as a clock does whose moment has come; how much was filed."""
    with bot.engine.begin() as connection:
        connection.execute(sa.text("UPDATE polls SET next_at = NULL"))
    return reconciling(bot.process).look()


def arrived(bot: Bot) -> list[str]:
    """The types of Jira's deliveries that the bot looked into, in their order."""
    rows = sa.select(deliveries.c.type).where(deliveries.c.source == "jira").order_by(deliveries.c.id)
    with bot.engine.connect() as connection:
        return list(connection.execute(rows).scalars())


def live_an_hour(bot: Bot) -> dict[str, Any]:
    """A seller answers, people make, move and link issues; what came of it in the end."""
    look(bot)
    for_seller(bot)
    (asked,) = bot.sandbox.issues()
    made = make(bot)["key"]
    person(bot, "POST", f"/issue/{made}/transitions", {"transition": {"id": "11"}})
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": made}, "outwardIssue": {"key": asked["key"]}}
    person(bot, "POST", "/issueLink", link)
    says(bot, SELLER, asked["key"], "Двадцать пятого ноября, с десяти утра.")
    bot.sandbox.search_lag(0)
    bot.sandbox.clock(advance="1h")
    look(bot)
    bot.work()
    return {
        "asked": status(bot, asked["key"]),
        "made": (status(bot, made), components(bot, made)),
        "hold": hold(bot).ended_why,
    }


def test_an_hour_without_webhooks_ends_as_one_with_them(bot: Bot, other: Bot) -> None:
    lose_webhooks(other)
    ended = {"asked": "Ожидает обработки", "made": ("В работе", ["FF:Хоругвино"]), "hold": "answered"}
    assert live_an_hour(bot) == ended
    assert live_an_hour(other) == ended


def test_nothing_comes_in_twice_whichever_comes_first(bot: Bot) -> None:
    key = make(bot)["key"]
    person(bot, "POST", f"/issue/{key}/transitions", {"transition": {"id": "11"}})
    bot.sandbox.search_lag(0)
    bot.sandbox.clock(advance="5m")
    before = arrived(bot)
    assert "issue.updated" in before
    assert (look(bot), arrived(bot)) == (0, before)
    lose_webhooks(bot)
    person(bot, "PUT", f"/issue/{key}", {"fields": {"summary": "Другая тема"}})
    assert look(bot) == 0  # the webhook may still be on its way
    bot.sandbox.clock(advance="40s")
    assert (look(bot), look(bot)) == (1, 0)
    entry = bot.sandbox.call("GET", f"/rest/api/3/issue/{key}?expand=changelog")["changelog"]["histories"][0]
    late = {
        "webhookEvent": "jira:issue_updated",
        "timestamp": 1795179962120,
        "issue": {"id": bot.sandbox.issue(key)["id"], "key": key},
        "changelog": {"id": entry["id"], "items": entry["items"]},
    }
    count = len(arrived(bot))
    assert bot.jira(late) == 202
    assert len(arrived(bot)) == count


def test_a_lost_link_is_found_from_its_source(bot: Bot) -> None:
    one, other = make(bot)["key"], make(bot)["key"]
    lose_webhooks(bot)
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": other}}
    person(bot, "POST", "/issueLink", link)
    bot.sandbox.search_lag(0)
    bot.sandbox.clock(advance="5m")
    assert look(bot) > 0
    with bot.engine.connect() as connection:
        rows = sa.select(deliveries.c.event).where(deliveries.c.type == "issuelink.created")
        found = [load_event(event) for event in connection.execute(rows).scalars()]
    (event,) = found
    assert isinstance(event, IssueLinkEvent)
    ids = {key: bot.sandbox.issue(key)["id"] for key in (one, other)}
    assert (event.issue.id, event.other.id, event.link_type) == (ids[one], ids[other], "Blocks")


def test_a_jira_that_does_not_answer_is_asked_again_soon(bot: Bot) -> None:
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/search/jql", status=503, times=1)
    assert look(bot) == 0
    with bot.engine.connect() as connection:
        (row,) = connection.execute(sa.select(polls))
    assert timedelta(seconds=30) < row.next_at - machine_now() <= AGAIN
    assert (row.since, row.claimed_until) == (None, None)
