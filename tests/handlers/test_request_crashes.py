"""A worker that dies at any boundary of the journal: run again, everything is there once and in its order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from desk.journal import Done, Find, LedgerJournal, Verb
from tests.bot import Bot
from tests.handlers.request_life import (
    CLIENT,
    ask,
    chat,
    comments,
    outgoing,
    pending,
    prepare,
    promised,
    ring,
    states,
    told,
)

Moment = str  # before: nothing was done; after: it was done and not recorded


class Died(BaseException):
    """The process is gone: nothing catches this."""


class Reaper:
    """Kills the worker once at each verb of each delivery, at the moment that it is told."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.seen: set[tuple[str, str]] = set()

    def wrap(self, do: Callable[..., object]) -> Callable[..., object]:
        """The journal's `do`, deadly the first time."""

        def deadly(journal: LedgerJournal, verb: Verb, act: Callable[[], Done], find: Find | None = None) -> object:
            key = (verb.why, verb.name)
            if key in self.seen:
                return do(journal, verb, act, find)
            self.seen.add(key)

            def dying() -> Done:
                if self.moment == "after":
                    act()
                raise Died

            return do(journal, verb, dying, find)

        return deadly


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
    monkeypatch.setattr(LedgerJournal, "do", reaper.wrap(LedgerJournal.do))
    monkeypatch.setattr("tests.handlers.request_life.finish", survive)
    ask(bot)
    assert states(bot) == [(1, "open", None)]
    assert ring(bot, "24h") == 1
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
