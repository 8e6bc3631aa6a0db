"""What a delivery costs the worker in statements and commits, exactly; claims and releases are shared by many cases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from store.tables import deliveries as d
from tests.bot import Bot
from tests.duplicates import hear, partner
from tests.tickets import closing, ticket


@contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements that this thread sends meanwhile, and a COMMIT for each transaction."""
    sent: list[str] = []
    thread = threading.get_ident()

    def note(what: str) -> None:
        if threading.get_ident() == thread:  # the receivers have threads of their own
            sent.append(what)

    statements = lambda *given: note(given[2])  # noqa: E731
    commits = lambda _: note("COMMIT")  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", statements)
    sa.event.listen(engine, "commit", commits)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", statements)
    sa.event.remove(engine, "commit", commits)


def cost(sent: list[str]) -> tuple[int, int]:
    """Commits and statements."""
    commits = sent.count("COMMIT")
    return commits, len(sent) - commits


def close(bot: Bot) -> str:
    """Post a closing that escalates; its ticket."""
    made = ticket()
    bot.sandbox.put_ticket(made)
    assert bot.crm(closing(made, type="ticket.closing")) == 202
    return str(made["id"])


def test_the_main_job(any_bot: Bot) -> None:
    bot = any_bot
    close(bot)
    bot.work()  # what a process learns once is known by then
    number = close(bot)
    with counted(bot.engine) as sent:
        bot.runner.look_at(f"webcrm:{number}")
    assert [outcome for _, _, outcome in bot.steps(f"evt-{number}-closing")] == ["done"] * 5
    assert cost(sent) == (5, 21), sent


def test_an_echo_of_the_bots_own(any_bot: Bot) -> None:
    bot = any_bot
    number = close(bot)
    bot.work()
    bot.sandbox.call("PUT", f"/rest/api/3/issue/{bot.sandbox.issues()[0]['key']}", {"fields": {"summary": "Другая"}})
    bot.sandbox.drain()
    with counted(bot.engine) as sent:
        bot.runner.look_at(f"webcrm:{number}")
    with bot.engine.connect() as connection:
        last = connection.execute(sa.select(d.c.type, d.c.state).order_by(d.c.id.desc()).limit(1)).one()
    assert tuple(last) == ("issue.updated", "ignored")
    assert cost(sent) == (1, 4), sent


def arrive(bot: Bot, number: int, minutes: float, **changes: Any) -> list[str]:
    """What a new ticket costs."""
    hear(bot, partner(number, minutes, **changes), work=False)
    with counted(bot.engine) as sent:
        bot.runner.look_at(f"webcrm:{number}")
    return sent


def test_a_new_ticket_without_a_duplicate_and_with_one(any_bot: Bot) -> None:
    bot = any_bot
    hear(bot, partner(23900001))  # what a process learns once is known by then
    alone = arrive(bot, 23900002, 30, seller={"id": "99"})
    second = arrive(bot, 23900003, 40)
    assert ("W-13", "find_duplicate", "warned") in bot.steps(last(bot))
    assert cost(alone) == (2, 10), alone
    assert cost(second) == (9, 28), second


def last(bot: Bot) -> str:
    """The id of the newest delivery of WebCRM's."""
    newest = sa.select(d.c.delivery_id).where(d.c.source == "webcrm").order_by(d.c.id.desc()).limit(1)
    with bot.engine.connect() as connection:
        return str(connection.execute(newest).scalar_one())
