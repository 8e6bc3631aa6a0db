"""Who was told is not told again because another could not be: channels, recipients, addresses."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, request
from werkzeug.serving import make_server

from desk.clock import machine_now
from events import AlertEvent, DigestEvent
from runtime.own_events import post
from sandbox.live import QuietHandler
from store.tables import deliveries, reminders
from tests.bot import Bot
from tests.databases import Sqlite
from tests.handlers.request_life import MONDAY, ask, finish, fire_after, prepare
from tests.usedesk import usedesk_bot


class Mattermost:
    """Channels that take messages; `broken`: how often each of them fails first."""

    def __init__(self) -> None:
        self.took: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        app = Flask("mattermost")
        app.add_url_rule("/hooks/<token>", view_func=self._take, methods=["POST"])
        self.server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)

    def _take(self, token: str) -> tuple[str, int]:
        channel = str((request.get_json(silent=True) or {})["channel"])
        self.tried[channel] += 1
        if self.broken[channel]:
            self.broken[channel] -= 1
            return token, 500
        self.took[channel] += 1
        return token, 200

    def address(self, *channels: str) -> str:
        """Apprise's address of some channels."""
        return f"mmost://127.0.0.1:{self.server.server_port}/token/?channels={','.join(channels)}"


@pytest.fixture
def mattermost() -> Iterator[Mattermost]:
    """A chat server."""
    made = Mattermost()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def bot(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot that is set up for Usedesk."""
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:
        yield made


def own(bot: Bot, kind: str) -> list[str]:
    """The states of the bot's own events of a kind."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(deliveries.c.state).where(deliveries.c.type == kind)).scalars())


@pytest.mark.parametrize("broken", ["a", "b"])
def test_a_channel_that_was_told_is_not_told_again_when_another_fails(
    bot: Bot, mattermost: Mattermost, broken: str
) -> None:
    mattermost.broken[broken] = 3
    prepare(bot, CHAT_SERVICE=mattermost.address("a", "b"))
    ask(bot)
    assert mattermost.tried[broken] == 4
    assert mattermost.took == {"a": 1, "b": 1}


@pytest.mark.parametrize("failures", [0, 3])
def test_a_reminder_that_one_channel_took_counts_once(bot: Bot, mattermost: Mattermost, failures: int) -> None:
    prepare(bot, CHAT_SERVICE=mattermost.address("a", "b"))
    ask(bot)
    mattermost.broken["a"] = failures
    fire_after(bot, "24h")
    assert mattermost.took == {"a": 2, "b": 2}
    with bot.engine.connect() as connection:
        told = list(connection.execute(sa.select(reminders.c.told)).scalars())
    assert told == ["department", "department", "agent"]  # in its ticket and in its chat


def test_an_admin_who_was_told_is_not_told_again_when_another_address_fails(bot: Bot, mattermost: Mattermost) -> None:
    mattermost.broken["a"] = 3
    bot.set_config(ALERT_URLS=f"{mattermost.address('a')},{bot.env['ALERT_URLS']}")
    with bot.engine.begin() as connection:
        post(connection, AlertEvent(occurred_at=machine_now(), key="k", text="Что-то случилось"))
    finish(bot)
    assert own(bot, "alert.raised") == ["done"]
    assert mattermost.took == {"a": 1}
    assert len(bot.sandbox.chat("admins")) == 1


def test_a_reader_of_the_digest_who_got_it_does_not_get_it_again(bot: Bot, mattermost: Mattermost) -> None:
    mattermost.broken["b"] = 3
    prepare(bot, MONDAY, DIGEST_LEAD=mattermost.address("a", "b"))
    [name, *_] = bot.reloader.current().reports.digests
    with bot.engine.begin() as connection:
        post(connection, DigestEvent(occurred_at=machine_now(), name=name, day=date(2026, 11, 16)))
    finish(bot)
    assert own(bot, "digest.due") == ["done"]
    assert mattermost.took == {"a": 1, "b": 1}
