"""Invented tickets that may be duplicates of each other, and the bot that hears of them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bot import Bot
from tests.tickets import ticket

START = datetime.now(UTC) - timedelta(hours=5)
M1 = "Здравствуйте!\n\nДанная заявка была объединена с другим запросом. Пожалуйста, ожидайте ответ в обращении № {}."
_events = itertools.count(1)


def at(minutes: float) -> str:
    """A moment of the day of the story."""
    return (START + timedelta(minutes=minutes)).isoformat()


def partner(number: int, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    """A seller's ticket of this number, created so many minutes after the start."""
    return ticket(id=str(number), **({"created_at": at(minutes)} | changes))


def customer(number: int, minutes: float = 0, **changes: Any) -> dict[str, Any]:
    """A client's letter about an order."""
    words = {"id": "m1", "author": {"role": "client"}, "visibility": "public", "text": "Когда привезут мой заказ?"}
    own = {"audience": "customer", "channel": "email", "channel_kind": "Письмо", "type": "Доставка", "subtype": "Сроки"}
    more = {"seller": {}, "supply_no": None, "client": {"id": "c-5"}, "order_no": "12345678-0001", "messages": [words]}
    return partner(number, minutes, **(own | more | changes))


def told(of: dict[str, Any], kind: str = "ticket.created", minutes: float = 60) -> dict[str, Any]:
    """An event of a ticket."""
    agent = {"id": "a17", "name": "Оператор Пример", "gender": "f", "status": "На линии"}
    made = {"id": f"evt-dup-{next(_events)}", "type": kind, "occurred_at": at(minutes)}
    return {**made, "ticket": of, "agent": agent, "closing": {}}


def hear(bot: Bot, of: dict[str, Any], kind: str = "ticket.created", *, work: bool = True, minutes: float = 60) -> str:
    """Put a ticket into the CRM and let the bot hear of it; the event's id."""
    if of["id"] not in bot.sandbox.state.tickets:
        bot.sandbox.put_ticket(of)
    event = told(of, kind, minutes)
    assert bot.crm(event) == 202
    if work:
        bot.work()
    return str(event["id"])


def public(bot: Bot, number: int) -> list[tuple[str, bool]]:
    """What the bot has written to the client of a ticket, and whether it is a draft."""
    messages = bot.sandbox.ticket(str(number))["messages"]
    return [
        (one["text"], one["draft"])
        for one in messages
        if one["author"]["role"] == "bot" and one["visibility"] == "public"
    ]


def inner(bot: Bot, number: int) -> list[str]:
    """The bot's notes in a ticket."""
    messages = bot.sandbox.ticket(str(number))["messages"]
    return [one["text"] for one in messages if one["author"]["role"] == "bot" and one["visibility"] == "internal"]


def found(bot: Bot, event: str) -> list[tuple[str, str]]:
    """The findings of an event, with their outcome."""
    return [(rule, outcome) for rule, verb, outcome in bot.steps(event) if verb == "find_duplicate"]
