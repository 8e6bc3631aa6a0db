"""What tests of requests share: a bot with chats, a request from Usedesk's webhook, the clock moved and its timers
fired.
"""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa

from desk.waiting import scale
from runtime.clock import Clock
from store import board
from store.board import Wanted
from store.tables import deliveries, timers
from store.tables.requests import promises, reminders
from store.tables.requests import requests as table
from tests.bot import Bot

MONDAY = "2026-11-23T11:00:00+03:00"
FRIDAY = "2026-11-20T16:00:00+03:00"
SERVICE = "Сервисный департамент"
QUESTION = "Проверьте, пожалуйста, плату: сплит-система не включается."
ANSWER = "Плата в порядке, нужен выезд мастера."
CLIENT = 700_001
_ids = itertools.count(1)


def prepare(bot: Bot, at: str = MONDAY, **env: str) -> None:
    """Give the departments chats, set the clock, put the client's ticket into Usedesk with its agent 12."""
    chat = f"json://{bot.sandbox.url.removeprefix('http://')}/chat"
    names = ("technical", "service", "product", "warehouse", "ff")
    chats = {f"CHAT_{name.upper()}": f"{chat}/{name}" for name in names}
    heads = {"CHAT_SERVICE_HEAD": f"{chat}/head", "CHAT_LEAD": f"{chat}/lead"}
    bot.sandbox.usedesk_settings(rate_limit=False)
    bot.sandbox.clock(set=at)
    bot.sandbox.put_usedesk(CLIENT, subject="Не включается", assignee_id=12, status=1)
    bot.set_config(**{**chats, **heads, **env})


def ask(bot: Bot, department: str = "service", number: int = 1) -> None:
    """The agent makes the outgoing ticket; Usedesk's signed webhook tells the bot."""
    body = {"subject": f"Запрос: {department}", "message": QUESTION, "client_id": 6, "user_id": 12}
    body |= {
        "additional_id": f"{CLIENT}:{department}:{number}",
        "assignee_id": 12,
        "api_token": "sandbox-usedesk-token",
    }
    made = bot.sandbox.call("POST", "/usedesk/create/ticket", body)
    _made.append(int(made["ticket_id"]))
    finish(bot)


_made: list[int] = []


def outgoing() -> int:
    """The outgoing ticket that was made last."""
    return _made[-1]


def answer(bot: Bot, text: str = ANSWER, ticket: int | None = None) -> None:
    """The department writes in its ticket."""
    bot.sandbox.usedesk_act("client", ticket_id=ticket or outgoing(), message=text)
    finish(bot)


def finish(bot: Bot, times: int = 6) -> None:
    """Work until nothing waits: the limit of calls to Usedesk is lifted again and again."""
    for _ in range(times):
        bot.work()
        bot.hurry()
    bot.work()


def fire_after(bot: Bot, advance: str) -> int:
    """Move the clock, fire what is due, let the bot work; how many timers fired."""
    bot.sandbox.clock(advance=advance)
    count = fire_due(bot)
    finish(bot)
    return count


def fire_due(bot: Bot) -> int:
    """Fire what is due now."""
    return Clock(bot.engine, bot.process.factory, bot.reloader).fire()


def fire_again(bot: Bot, known: set[str]) -> None:
    """Let what has fired fire once more, as if neither its timer nor its delivery had been kept; `known` did so."""
    fired = sa.select(timers.c.key).where(timers.c.state == "rung", timers.c.key.not_in(known))
    with bot.engine.begin() as connection:
        keys = list(connection.execute(fired).scalars())
        names = [f"alarm:{key}" for key in keys]
        connection.execute(sa.update(timers).where(timers.c.key.in_(keys)).values(state="pending"))
        forgotten = {"delivery_id": deliveries.c.delivery_id + ":" + sa.cast(deliveries.c.id, sa.String)}
        connection.execute(sa.update(deliveries).where(deliveries.c.delivery_id.in_(names)).values(forgotten))
    known.update(keys)
    assert fire_due(bot) == len(keys)


def crm_request(kind: str = "created", **changes: Any) -> dict[str, Any]:
    """`request.created` or `request.answered` of WebCRM; of a sender whose clock is ahead, unless `at` is given."""
    number = next(_ids)
    at = changes.pop("at", "2026-12-31T12:00:00+03:00")
    ticket = changes.pop("ticket", "23814352")
    agent = {"id": "a17", "name": "Оператор Пример", "gender": "f"} | changes.pop("agent", {})
    asked = {"id": "r-9", "department": "service", "text": QUESTION, "answer_required": True} | changes
    return {
        "id": f"evt-request-{number}",
        "type": f"request.{kind}",
        "occurred_at": at,
        "ticket": {"id": ticket, "url": f"https://webcrm.example/tickets/{ticket}", "type": "FBO"},
        "agent": agent,
        "request": asked,
    }


def rows(bot: Bot) -> list[Any]:
    """All requests."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def states(bot: Bot) -> list[tuple[int, str, str | None]]:
    """All requests as (number, state, how)."""
    return [(row.number, row.state, row.closed_why) for row in rows(bot)]


def told(bot: Bot) -> list[tuple[int, str, bool, str]]:
    """What all escalation steps sent: (step, told, late, outcome)."""
    with bot.engine.connect() as connection:
        sent = connection.execute(sa.select(reminders).order_by(reminders.c.id))
        return [(row.step, row.told, row.late, row.outcome) for row in sent]


def promised(bot: Bot) -> list[tuple[str, str]]:
    """All promises as (text, state)."""
    with bot.engine.connect() as connection:
        found = connection.execute(sa.select(promises).order_by(promises.c.id))
        return [(row.text_id, row.state) for row in found]


def pending(bot: Bot) -> list[str]:
    """The timers that are set."""
    with bot.engine.connect() as connection:
        found = sa.select(timers.c.key).where(timers.c.state == "pending").order_by(timers.c.key)
        return list(connection.execute(found).scalars())


def overdue(bot: Bot) -> list[str]:
    """The lead's list: tickets whose department is late."""
    with bot.engine.connect() as connection:
        now = bot.process.clock.now()
        return [
            one.ticket_id for one in board.page(connection, Wanted(), scale(bot.process.reloader.current(), now)).rows
        ]


def chat(bot: Bot, name: str) -> list[str]:
    """What arrived in a chat."""
    return [one["message"] for one in bot.sandbox.chat(name)]


def comments(bot: Bot, ticket: int, kind: str = "private") -> list[str]:
    """The bot's comments in a ticket of Usedesk."""
    found = bot.sandbox.usedesk_ticket(ticket)["comments"]
    return [one["message"] for one in found if one["type"] == kind and one["user_id"] == "1"]


def notes(bot: Bot, ticket: str = "23814352") -> list[str]:
    """The internal messages of a ticket of WebCRM."""
    return [one["text"] for one in bot.sandbox.ticket(ticket)["messages"] if one["visibility"] == "internal"]


def drafts(bot: Bot, ticket: str = "23814352") -> list[dict[str, Any]]:
    """The public messages of a ticket of WebCRM."""
    return [one for one in bot.sandbox.ticket(ticket)["messages"] if one["visibility"] == "public"]
