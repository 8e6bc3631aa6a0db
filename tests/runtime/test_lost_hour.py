"""For an hour Jira's webhooks are lost while two instances of the bot start again 50 times, some to be killed at once.

In the end there is one webhook, and what the bot knows, did and wrote is what it would be without the loss.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.roles import reconciling
from cli.webhooks import Webhooks
from config import Config
from receivers.jira_found import understand
from runtime.inbox import Arrival
from runtime.jira_reconciling import History, Reconciling, Understand
from sandbox.webhooks import Hook
from store.tables import deliveries, metadata
from store.types import Moment
from tests.bot import Bot, free_port
from tests.conftest import bot_beside_a_sandbox
from tests.databases import Sqlite
from tests.handlers.test_hand_made import make, person
from tests.handlers.test_holds import SELLER, for_seller, hold, says
from tests.handlers.test_jira_task import escalate
from tests.runtime.test_jira_reconciling import arrived

HOOKS = "/rest/webhooks/1.0/webhook"
NINE = "2026-11-24T09:00:00+03:00"
ROUNDS = 5  # between two things that happen; in each both instances start: 5 × 5 × 2
OF_RUNNING = {"config_versions", "polls", "purges", "rate_limits", "rate_turns", "seen_bodies", "systems", "workers"}
NUMBERS = (  # what differs between any two runs
    (r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)", "moment"),
    (r"http://127\.0\.0\.1:\d+", "site"),
    (r"\b\d\d?:\d\d\b", "time"),
    (r"\b\d{10,}\b", "number"),
    (r"found:\w+", "number"),
)


class KilledError(BaseException):
    """The process ends here and clears nothing up."""


@pytest.fixture
def spared(sqlite: Sqlite, tmp_path: Path) -> Iterator[Bot]:
    """A second bot with a sandbox of its own, which loses nothing."""
    folder = tmp_path / "spared"
    folder.mkdir()
    yield from bot_beside_a_sandbox(sqlite.fresh(folder), folder)


def killed_after(count: int) -> Understand:
    """Reads so many histories."""
    left = iter(range(count))

    def read(config: Config, site: str, history: History) -> tuple[list[Arrival], bool]:
        if next(left, None) is None:
            raise KilledError
        return understand(config, site, history)

    return read


def start(bot: Bot, killed: int | None = None) -> None:
    """Start one more instance: the webhook is put right, what was lost is asked for, what is due is done."""
    with Bot(bot.env["DATABASE_URL"], bot.sandbox, Path(bot.env["DATA_DIR"]), free_port()) as fresh:
        process = fresh.process
        Webhooks(process, bot.sandbox.state.settings.bot_url).apply()
        if killed is None:
            reconciling(process).look()
            return fresh.work(settle=False)
        try:
            Reconciling(process.factory, process.reloader, process.inbox, killed_after(killed)).look()
        except KilledError:
            return None


def start_two(bot: Bot, number: int) -> None:
    """Two instances at once, of which one may be killed; the last look is long enough ago, and so is a death."""
    with bot.engine.begin() as connection:
        connection.execute(sa.text("UPDATE polls SET next_at = NULL, claimed_until = NULL"))
    with ThreadPoolExecutor(2) as two:
        list(two.map(start, [bot, bot], [None, number % 3 if number < ROUNDS - 1 else None]))


def live_an_hour(bot: Bot, meanwhile: Callable[[], None]) -> None:
    """A seller is asked and answers, people make, move and link an issue, a ticket becomes another."""
    meanwhile()
    for_seller(bot, id="23900001")
    asked = bot.sandbox.issues()[-1]["key"]
    made = make(bot)["key"]
    bot.sandbox.clock(advance="15m")
    meanwhile()
    person(bot, "POST", f"/issue/{made}/transitions", {"transition": {"id": "11"}})
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": made}, "outwardIssue": {"key": asked}}
    person(bot, "POST", "/issueLink", link)
    bot.sandbox.clock(advance="15m")
    meanwhile()
    escalate(bot, id="23900002")
    says(bot, SELLER, asked, "Двадцать пятого ноября, с десяти утра.")
    bot.sandbox.clock(advance="15m")
    meanwhile()
    bot.sandbox.clock(advance="15m")
    meanwhile()
    bot.work()


def known(bot: Bot) -> dict[str, list[str]]:
    """What stands in each table, in Jira and in the CRM, without numbers and moments."""
    found: dict[str, list[Any]] = {"issues": bot.sandbox.issues(), "tickets": list(bot.sandbox.state.tickets.values())}
    with bot.engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name not in OF_RUNNING:
                found[table.name] = [dict(row) for row in connection.execute(_telling(table)).mappings()]
    return {name: sorted(map(_without_numbers, rows)) for name, rows in found.items()}


def _telling(table: sa.Table) -> sa.Select[Any]:
    """The rows of a table; of deliveries those that somebody worked at, for Jira tells more than it can be asked."""
    if table is deliveries:
        columns = (deliveries.c.source, deliveries.c.case_id, deliveries.c.type, deliveries.c.state)
        return sa.select(*columns).where(deliveries.c.state != "ignored")
    return sa.select(*(c for c in table.c if not isinstance(c.type, Moment) and c.name != "id" and not c.foreign_keys))


def _without_numbers(row: object) -> str:
    text = json.dumps(row, ensure_ascii=False, default=str)
    for found, put in NUMBERS:
        text = re.sub(found, put, text)
    return text


def test_50_starts_of_two_instances_in_a_lost_hour_end_as_one_start_in_a_good_one(
    any_bot: Bot, spared: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bot in (any_bot, spared):
        bot.sandbox.clock(set=NINE)
        bot.sandbox.call("DELETE", f"{HOOKS}/1")
    start(spared)
    live_an_hour(spared, lambda: None)
    starts = itertools.count()

    def lost(hook: Hook, body: dict[str, Any]) -> None:
        """Nobody is told."""

    def start_again() -> None:
        for number in range(ROUNDS):
            start_two(any_bot, number)
            next(starts)

    with monkeypatch.context() as an_hour:
        an_hour.setattr(any_bot.sandbox.state.courier, "send", lost)
        live_an_hour(any_bot, start_again)
    assert next(starts) * 2 == 50
    (hook,) = any_bot.sandbox.call("GET", HOOKS)
    assert (hook["name"], hook["enabled"]) == ("Смежник", True)
    assert hold(any_bot).ended_why == "answered"
    assert known(any_bot) == known(spared)
    before = len(arrived(any_bot))
    make(any_bot, summary="Вебхуки снова доходят", customfield_10051="Реклама")
    assert arrived(any_bot)[before:] == ["issue.created"]
