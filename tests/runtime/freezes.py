"""A worker freezes in the middle of a ticket and wakes when another has finished it: what became of the ticket."""

from __future__ import annotations

import itertools
import json
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sandbox.live import LiveSandbox
from store.tables import deliveries as d
from store.tables import links
from tests.bot import Bot, free_port
from tests.runtime.crashes import end, zygote
from tests.runtime.freezing import froze, is_frozen, thaw
from tests.runtime.waiting import until
from tests.tickets import closing, ticket

STEPS = 100  # of the main job, as `freezing` counts them


@dataclass(frozen=True)
class Outcome:
    """What became of one ticket whose worker froze once.

    `told`, `alerts`: how many second issues say what they are, and of how many an admin knows; `doubled`: links,
    writings of the key and closings beside the first of each; `key`: what the ticket carries, `own`: what we know.
    """

    place: str | int
    froze: bool
    state: str
    issues: int
    told: int
    alerts: int
    doubled: int
    key: str | None
    own: str | None
    seconds: float

    @property
    def second(self) -> int:
        """How many issues there are besides the ticket's own."""
        return self.issues - 1

    @property
    def right(self) -> bool:
        """One issue, which the ticket carries; a second one says that it is one too many, and an admin knows it."""
        one = self.key is not None and self.key == self.own and self.state == "done"
        return one and self.second == self.told == self.alerts and self.doubled == 0


def freeze_run(database_url: str, place: str | int) -> Outcome:
    """Freeze a worker at `place` on a migrated database until another has finished; what became of the ticket."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveSandbox(data_dir=folder) as sandbox,
        Bot(database_url, sandbox, Path(folder), free_port()) as bot,
    ):
        bot.set_config(SEARCH_SETTLE="1s")
        return _freeze(bot, place, Path(folder) / "workers.log")


def _freeze(bot: Bot, place: str | int, log: Path) -> Outcome:
    begun = time.monotonic()
    made = ticket(seller=None)
    bot.sandbox.put_ticket(made)
    event = closing(made)
    sleeper = zygote().start(bot.env, log, freeze=place)
    assert bot.crm(event) == 202
    ended = lambda: bot.delivery(event["id"]).state in ("done", "dead")  # noqa: E731
    until(lambda: froze(bot, sleeper) or ended(), f"the worker freezes at {place}", log=log)
    frozen = is_frozen(sleeper)
    rescuer = zygote().start(bot.env, log)
    try:
        until(ended, "the delivery ends", log=log)
        thaw(bot, sleeper)
        end(sleeper, signal.SIGTERM)  # after what it was doing
        until(lambda: _over(bot), "all that came of it is done", log=log)
    finally:
        end(rescuer)
    return _outcome(bot, event["id"], place, frozen, time.monotonic() - begun)


def _over(bot: Bot) -> bool:
    """Whether nothing of the bot's own is left to do."""
    unfinished = sa.select(sa.func.count()).where(d.c.state.in_(("waiting", "running")))
    with bot.engine.connect() as connection:
        return connection.execute(unfinished).scalar_one() == 0


def _outcome(bot: Bot, delivery: str, place: str | int, froze: bool, seconds: float) -> Outcome:
    ticket_id = bot.delivery(delivery).case_id.split(":")[1]
    issues, key = bot.sandbox.issues(), bot.sandbox.ticket(ticket_id)["jira_key"]
    others = [issue for issue in issues if issue["key"] != key]
    alerts = [one["message"] for one in bot.sandbox.chat("admins")]
    return Outcome(
        place=place,
        froze=froze,
        state=bot.delivery(delivery).state,
        issues=len(issues),
        told=sum(any(str(key) in json.dumps(comment["body"]) for comment in issue_comments(one)) for one in others),
        alerts=sum(any(one["key"] in text and str(key) in text for text in alerts) for one in others),
        doubled=_doubled(bot, [one["id"] for one in issues]),
        own=linked_issue(bot),
        key=key,
        seconds=seconds,
    )


def _doubled(bot: Bot, issues: list[str]) -> int:
    keys = [call["body"]["jira_key"] for call in bot.sandbox.calls("webcrm") if call["method"] == "PATCH"]
    with bot.sandbox.state.lock:
        closings = [key for key in bot.sandbox.state.answered if "/close" in key]
    remote = sum(len(bot.sandbox.remote_links(issue)) for issue in issues)
    # the same key written again has no effect, the same closing neither, under its idempotency key
    return remote + sum(1 for _ in itertools.groupby(keys)) + len(closings) - len(("link", "key", "closing"))


def linked_issue(bot: Bot) -> str | None:
    """The issue that the bot knows as the ticket's."""
    with bot.engine.connect() as connection:
        return connection.execute(sa.select(links.c.issue_key)).scalar()


def issue_comments(issue: dict[str, Any]) -> list[dict[str, Any]]:
    """The comments of an issue."""
    found: list[dict[str, Any]] = issue["fields"]["comment"]["comments"]
    return found
