"""What tests of problem cases share: a bot with the groups' chats, tickets of clients, the clock moved."""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa

from desk.adf_text import plain_text
from store.problems import Problem, page
from store.tables import deliveries, ledger, timers
from tests.bot import Bot
from tests.handlers.request_life import fire_due

AGENT = {"id": "a17", "name": "Оператор Пример", "gender": "f", "status": "На линии"}
PERSON = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"
MONDAY = "2026-11-23T11:00:00+03:00"
_ids = itertools.count(910_001)
_events = itertools.count(1)
WRONG = {"kind": "Не тот размер", "order_no": "1234567", "fault": "наша", "mismatch": "размер", "photos": "есть"}
SKUS = {"sku_ordered": "A-100-M", "sku_received": "A-100-L"}


def prepare(bot: Bot, **env: str) -> None:
    """Give the groups chats and set the clock."""
    chat = f"json://{bot.sandbox.url.removeprefix('http://')}/chat"
    names = {"CASES_OPS_CHAT": "ops", "CASES_ECOM_CHAT": "ecom", "CASES_RETURNS_CHAT": "returns"}
    names |= {"CASES_APPROVER": "approver", "CHAT_LEAD": "lead"}
    bot.sandbox.clock(set=MONDAY)
    bot.set_config(**{name: f"{chat}/{place}" for name, place in names.items()} | env)


def ticket(**changes: Any) -> dict[str, Any]:
    """A client's ticket in the CRM, with one message."""
    number = str(next(_ids))
    said = {"id": "m1", "at": "2026-11-23T10:50:00+03:00", "author": {"role": "client", "id": "c1"}}
    said |= {"visibility": "public", "text": "Здравствуйте! Пришло не то, что я заказывала.", "attachments": []}
    made = {"id": number, "url": f"https://crm.example/{number}", "audience": "customer", "channel": "email"}
    return {**made, "messages": [said], **changes}


def event(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A signed event's body about a ticket."""
    return {
        "id": f"case-evt-{next(_events)}",
        "type": "ticket.message",
        "occurred_at": "2026-11-23T10:55:00+03:00",
        "ticket": of,
        "agent": AGENT,
        **more,
    }


def tell(bot: Bot, of: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Send an event and let the bot work."""
    body = event(of, **more)
    bot.sandbox.put_ticket(of) if not _known(bot, of["id"]) else None
    assert bot.crm(body) == 202
    finish(bot)
    return body


def say(bot: Bot, of: dict[str, Any], text: str, *, public: bool = False) -> None:
    """An agent writes in the ticket."""
    write(bot, of, {"author": {"role": "agent", "id": "a17"}, "visibility": _SEEN[public], "text": text})


def client_says(bot: Bot, of: dict[str, Any], text: str, files: int = 0) -> None:
    """The client writes in the ticket."""
    attached = [{"name": f"{number}.jpg"} for number in range(files)]
    said = {"author": {"role": "client", "id": "c1"}, "visibility": "public", "text": text, "attachments": attached}
    write(bot, of, said)


def write(bot: Bot, of: dict[str, Any], said: dict[str, Any]) -> None:
    """Somebody writes in the ticket."""
    number = f"m{len(of['messages']) + 1}"
    of["messages"].append({"id": number, "at": "2026-11-23T11:30:00+03:00", **said})
    tell(bot, of, message_id=number)


_SEEN = {True: "public", False: "internal"}


def start(bot: Bot, case: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A ticket that is a case from its first event."""
    of = ticket(**changes)
    tell(bot, of, type="ticket.created", case=case)
    return of


def _known(bot: Bot, number: str) -> bool:
    try:
        bot.sandbox.ticket(number)
    except (AssertionError, KeyError, LookupError):
        return False
    return True


def finish(bot: Bot) -> None:
    """Work until nothing waits."""
    for _ in range(2):
        bot.work()
        bot.hurry()
    bot.work()


def after(bot: Bot, span: str) -> int:
    """Move the clock and let what is due be done; how many timers fired."""
    bot.sandbox.clock(advance=span)
    count = fire_due(bot)
    finish(bot)
    return count


def rows(bot: Bot) -> list[Problem]:
    """The register, the oldest first."""
    with bot.engine.connect() as connection:
        return list(reversed(page(connection, {})))


def the_case(bot: Bot) -> Problem:
    """The only case."""
    (case,) = rows(bot)
    return case


def issue(bot: Bot, case: Problem | None = None) -> dict[str, Any]:
    """The issue of a case as Jira shows it."""
    key = (case or the_case(bot)).issue_key
    assert key
    return bot.sandbox.issue(key)


def comments(bot: Bot) -> list[str]:
    """The comments of the only case's issue, the oldest first."""
    return [plain_text(one["body"]).strip() for one in issue(bot)["fields"]["comment"]["comments"]]


def comment(bot: Bot, text: str, key: str | None = None) -> None:
    """A colleague writes in the issue."""
    body = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }
    path = f"/rest/api/3/issue/{key or the_case(bot).issue_key}/comment"
    bot.sandbox.call_as(PERSON, "POST", path, {"body": body})
    finish(bot)


def move(bot: Bot, transition: str) -> None:
    """A colleague moves the issue."""
    path = f"/rest/api/3/issue/{the_case(bot).issue_key}/transitions"
    bot.sandbox.call_as(PERSON, "POST", path, {"transition": {"id": transition}})
    finish(bot)


def notes(bot: Bot, of: dict[str, Any], *, draft: bool = False) -> list[str]:
    """What the bot wrote into the ticket: notes to the agent, or drafts to the client."""
    own = [one for one in bot.sandbox.ticket(of["id"])["messages"] if one.get("author", {}).get("role") == "bot"]
    return [one["text"] for one in own if bool(one.get("draft")) == draft]


def chat(bot: Bot, name: str) -> list[str]:
    """What arrived in a chat."""
    return [str(one["message"]) for one in bot.sandbox.chat(name)]


def pending(bot: Bot) -> list[str]:
    """The steps whose timers are set."""
    with bot.engine.connect() as connection:
        keys = connection.execute(sa.select(timers.c.key).where(timers.c.state == "pending")).scalars()
        return sorted(key.split(":")[2] for key in keys if key.startswith("case:"))


def deeds(bot: Bot) -> int:
    """How many actions of all deliveries were done."""
    with bot.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(ledger.c.outcome == "done")).scalar_one())


def dead(bot: Bot) -> list[str]:
    """The deliveries that stopped, with their reasons."""
    with bot.engine.connect() as connection:
        found = sa.select(deliveries.c.delivery_id, deliveries.c.reason).where(deliveries.c.state == "dead")
        return [f"{one.delivery_id}: {one.reason}" for one in connection.execute(found)]
