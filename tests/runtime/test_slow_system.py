"""A Jira that drips beside a WebCRM that is well: the one holds half of a worker's threads, the other is served."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from runtime.worker import THREADS
from tests.bot import Bot
from tests.runtime.crashes import end, zygote
from tests.runtime.waiting import until
from tests.tickets import closing, ticket
from tests.wire import Wire

CASES = 40


def dripping(_: bytes) -> Iterable[bytes]:
    """Headers that never end."""
    yield b"HTTP/1.1 200 OK\r\nX-More: "
    while True:
        yield b"x"


def close(bot: Bot, **changes: str) -> str:
    """A closing of a new ticket arrives; its delivery's id."""
    made = ticket(**changes)
    bot.sandbox.put_ticket(made)
    event = closing(made)
    assert bot.crm(event) == 202
    return str(event["id"])


def test_a_slow_system_leaves_half_of_the_threads_to_the_others(bot: Bot, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with Wire(dripping, gap=0.5) as jira:
        bot.env["JIRA_URL"] = jira.url
        slow = [close(bot) for _ in range(CASES)]
        pid = zygote().start(bot.env, log, "worker")
        try:
            until(lambda: len(jira.heard) >= THREADS // 2, "half of the threads wait for Jira", log=log)
            quick = close(bot, type="Нет такого типа")  # a note in WebCRM says so, and Jira is not asked
            until(lambda: bot.delivery(quick).state == "done", "WebCRM is served", seconds=20, log=log)
            put_off = [row for row in map(bot.delivery, slow) if "jira:main is slow" in (row.reason or "")]
            assert len(put_off) == CASES - THREADS // 2
            assert {(row.state, row.attempts) for row in put_off} == {("waiting", 0)}
            assert len(jira.heard) == THREADS // 2
        finally:
            end(pid)
    assert bot.steps(quick)[-1][2] == "done"
    assert bot.sandbox.calls("jira") == []
