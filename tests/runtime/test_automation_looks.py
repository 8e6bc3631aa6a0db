"""A rule of Jira Automation tells that something changed: the bot finds out what, whoever tells it, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from cli.roles import reconciling
from desk.clock import machine_now
from receivers import automation
from receivers.counters import Counters
from runtime.jira_reconciling import WEBHOOKS_FIRST, look_soon
from store import polls
from store.tables import deliveries
from store.tables import polls as places
from tests.bot import Bot
from tests.handlers.test_hand_made import make, person
from tests.runtime.test_jira_reconciling import arrived, look, lose_webhooks

TOKEN = SecretStr("an-invented-automation-token")
PLACE = "jira:main"


@pytest.fixture
def told(any_bot: Bot) -> Iterator[Bot]:
    """A bot with Automation's door, which has looked once."""
    counters = Counters(CollectorRegistry())
    soon = partial(look_soon, any_bot.engine, any_bot.reloader.current())
    routes = automation.blueprint((TOKEN,), any_bot.process.inbox, any_bot.reloader, counters, soon)
    any_bot.app.register_blueprint(routes)
    reconciling(any_bot.process).look()
    yield any_bot


def tell(bot: Bot, key: str, query: str = "") -> str:
    """Call as a rule does, with the issue as it is now; what is answered."""
    issue = bot.sandbox.issue(key)
    body = json.dumps({"issue": issue | {"id": int(issue["id"])}}).encode()
    headers = {"Authorization": f"Bearer {TOKEN.get_secret_value()}"}
    answer = bot.client.post(f"/webhooks/jira-automation{query}", data=body, headers=headers)
    assert answer.json is not None
    return str(answer.json["status"])


def next_look(bot: Bot) -> timedelta:
    with bot.engine.connect() as connection:
        at = connection.execute(sa.select(places.c.next_at).where(places.c.name == PLACE)).scalar_one()
    found: timedelta = at - machine_now()
    return found


def test_a_change_that_only_a_rule_told_of_comes_in_soon_and_once(told: Bot) -> None:
    key = make(told)["key"]
    lose_webhooks(told)
    person(told, "POST", f"/issue/{key}/transitions", {"transition": {"id": "11"}})
    before = arrived(told)
    assert next_look(told) > timedelta(minutes=4)
    assert tell(told, key) == "ignored"
    assert timedelta(0) < next_look(told) <= WEBHOOKS_FIRST
    told.sandbox.search_lag(0)
    told.sandbox.clock(advance="5m")
    assert (look(told), arrived(told)) == (1, [*before, "issue.updated"])
    assert tell(told, key, "?event=issue_updated") == "ignored"
    assert (look(told), arrived(told)) == (0, [*before, "issue.updated"])


def test_a_change_that_its_webhook_told_of_is_done_once(told: Bot) -> None:
    key = make(told)["key"]
    person(told, "POST", f"/issue/{key}/transitions", {"transition": {"id": "11"}})
    told.sandbox.drain()
    before = arrived(told)
    assert "issue.updated" in before
    assert (tell(told, key), tell(told, key, "?event=issue_created")) == ("ignored", "duplicate")
    told.sandbox.search_lag(0)
    told.sandbox.clock(advance="5m")
    assert (look(told), arrived(told)) == (0, before)


def test_what_the_bot_did_is_known_as_its_own_though_the_rule_names_nobody(told: Bot) -> None:
    key = make(told)["key"]
    told.work()
    lose_webhooks(told)
    told.sandbox.call("PUT", f"/rest/api/3/issue/{key}", {"fields": {"summary": "Другая тема"}})  # by the bot's account
    tell(told, key)
    told.sandbox.search_lag(0)
    told.sandbox.clock(advance="5m")
    assert look(told) == 1
    told.work()
    with told.engine.connect() as connection:
        newest = sa.select(deliveries.c.state, deliveries.c.reason).order_by(deliveries.c.id.desc()).limit(1)
        assert tuple(connection.execute(newest).one()) == ("ignored", "the bot's own event")


def test_who_asks_while_a_clock_looks_is_not_forgotten(told: Bot) -> None:
    now, until = machine_now(), machine_now() + timedelta(minutes=10)
    with told.engine.begin() as connection:
        poll = polls.claim(connection, PLACE, now=now + timedelta(hours=1), until=until)
        assert poll is not None
        polls.hasten(connection, PLACE, now + timedelta(seconds=30))
        polls.hasten(connection, PLACE, now + timedelta(seconds=50))
        polls.release(connection, PLACE, poll, claimed_until=until, next_at=now + timedelta(minutes=5))
    assert next_look(told) <= timedelta(seconds=30)
