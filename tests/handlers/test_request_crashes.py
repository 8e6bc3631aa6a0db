"""A worker that dies at any boundary of the ledger: run again, everything is there once and in its order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from desk.actions import Action, Rows
from desk.run_ledger import RunLedger
from tests.bot import Bot
from tests.handlers.request_life import (
    CLIENT,
    ask,
    chat,
    comments,
    fire_after,
    outgoing,
    pending,
    prepare,
    promised,
    states,
    told,
)

Moment = str  # before: nothing was done; after: it was done and not recorded


class Died(BaseException):
    """The process is gone: nothing catches this."""


class Reaper:
    """Kills the worker once at each action of each delivery, at the moment that it is told."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.seen: set[tuple[str, str]] = set()

    def wrap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The ledger, deadly the first time that an action is done."""
        do, write = RunLedger.do, RunLedger.write

        def deadly_do(actions: RunLedger, action: Action, act: Callable[[], Any], *more: Any, **named: Any) -> Any:
            return do(actions, action, self._dying(act) if self._is_first(action) else act, *more, **named)

        def deadly_write(actions: RunLedger, action: Action, rows: Rows) -> Any:
            first = self._is_first(action)
            if first and self.moment == "before":
                raise Died
            value = write(actions, action, rows)
            if first:
                raise Died
            return value

        monkeypatch.setattr(RunLedger, "do", deadly_do)
        monkeypatch.setattr(RunLedger, "write", deadly_write)

    def _is_first(self, action: Action) -> bool:
        key = (action.why, action.name)
        first = key not in self.seen
        self.seen.add(key)
        return first

    def _dying(self, act: Callable[[], Any]) -> Callable[[], Any]:
        def dying() -> Any:
            if self.moment == "after":
                act()
            raise Died

        return dying


def survive(bot: Bot) -> None:
    """Work through every death: the next worker takes over what the last one had in hand."""
    for _ in range(60):
        try:
            bot.work()
            bot.hurry()
            bot.work()
        except Died:
            with bot.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE deliveries SET state = 'waiting' WHERE state = 'running'")
            bot.hurry()
            continue
        return
    raise AssertionError("it never came to an end")


@pytest.mark.rule("U-14", "U-16", "U-30", "U-31")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_every_verb_leaves_everything_once(
    any_bot: Bot, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = any_bot
    prepare(bot)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    monkeypatch.setattr("tests.handlers.request_life.finish", survive)
    ask(bot)
    assert states(bot) == [(1, "open", None)]
    assert fire_after(bot, "24h") == 1
    assert pending(bot) == ["request:1:2"]
    bot.sandbox.usedesk_act("client", ticket_id=outgoing(), message="Плату заменили.")
    survive(bot)
    assert states(bot) == [(1, "answered", "comment")]
    assert pending(bot) == []
    expected = {"open_request", "set_reminder", "reply_to_client", "note_request_opened", "note_request_linked"}
    expected |= {"announce_request", "climb_ladder", "remind_department", "note_request_reminder"}
    expected |= {"note_request_late", "end_request", "note_request_ended"}
    assert {name for _, name in reaper.seen} == expected
    written = Counter(comments(bot, CLIENT) + comments(bot, outgoing()))
    assert set(written.values()) == {1}
    assert len(written) == 7
    assert promised(bot) == [("M-2", "withdrawn"), ("M-5", "withdrawn")]
    assert [(step, who) for step, who, _, _ in told(bot)] == [(0, "department"), (0, "department"), (0, "agent")]
    # a chat is told at least once, and twice only where nobody can know that it was
    assert len(chat(bot, "service")) == (2 if moment == "before" else 4)
