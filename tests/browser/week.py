"""A week of requests and holds, made by signed events, Usedesk's webhooks and a clock that is moved (U-14…U-31)."""

from __future__ import annotations

from typing import Any

from runtime.clock import Clock
from tests.bot import Bot
from tests.handlers.request_life import answer, ask, crm_request, drafts, finish, fire_after, outgoing, prepare
from tests.handlers.test_holds import ACTIONS, AGENT, SELLER_CARD
from tests.handlers.test_holds import QUESTION as TO_SELLER
from tests.tickets import closing, ticket

MONDAY = "2026-11-16T10:00:00+03:00"
FIRST, LAST = "2026-11-16", "2026-11-20"
SILENT, QUICK, SLOW, SOOTHED, FRESH, LAST_MINUTE = (str(23814351 + number) for number in range(6))
OZON, SELLER, WARNED = "23814361", "23814362", "23814363"


def crm_ask(bot: Bot, number: str, department: str, agent: str) -> None:
    """An agent asks a department about a ticket of WebCRM."""
    bot.sandbox.put_ticket(ticket(id=number))
    event = crm_request(ticket=number, id=f"r-{number}", department=department, agent={"id": agent})
    assert bot.crm({**event, "ticket": ticket(id=number)}) == 202
    finish(bot)


def crm_answer(bot: Bot, number: str, department: str, agent: str) -> None:
    """The department answers in WebCRM."""
    changes = {"id": f"r-{number}", "department": department, "answer": "Готово.", "agent": {"id": agent}}
    assert bot.crm(crm_request("answered", ticket=number, **changes)) == 202
    finish(bot)


def crm_says(bot: Bot, number: str, text: str, **changes: Any) -> None:
    """The agent writes to the client; `draft_of` names the draft that is sent."""
    name = f"m-{len(text)}"
    said = {"id": name, "author": {"role": "agent", "id": "a17"}, "visibility": "public", "text": text}
    event = crm_request(ticket=number) | {"type": "ticket.message", "request": None, "message_id": name, **changes}
    assert bot.crm({**event, "ticket": {**event["ticket"], "messages": [said]}}) == 202
    finish(bot)


def close(bot: Bot, made: dict[str, Any], **chosen: Any) -> None:
    """A ticket is closed, with a hold where one is chosen."""
    bot.sandbox.put_ticket(made)
    assert bot.crm({**closing(made, **chosen), "agent": AGENT}) == 202
    finish(bot)


def live(bot: Bot) -> None:
    """From Monday ten o'clock to Friday eleven: reminders go, departments answer early, late and never."""
    bot.set_mode("W-57", "warn")
    prepare(bot, MONDAY)
    crm_ask(bot, SILENT, "service", "a17")
    crm_says(bot, SILENT, "", draft_of=drafts(bot, SILENT)[-1]["id"])  # a promise, and nothing comes of it
    crm_ask(bot, QUICK, "product", "a18")
    crm_ask(bot, SLOW, "technical", "a17")
    crm_ask(bot, LAST_MINUTE, "brand_store", "a18")
    ask(bot, "service")
    in_usedesk = outgoing()
    close(bot, ticket(id=OZON), hold="ozon", actions_done=ACTIONS)
    returns = ticket(id=SELLER, type="FBO", subtype="Вывоз остатков", seller={**SELLER_CARD, "top": False})
    close(bot, returns, hold="seller", question=TO_SELLER)
    close(bot, ticket(id=WARNED))  # its rule only warns of the component
    fire_after(bot, "5h")
    crm_answer(bot, QUICK, "product", "a18")
    fire_after(bot, "19h")  # Tuesday ten: the first reminders
    fire_after(bot, "7h")
    crm_answer(bot, SLOW, "technical", "a17")  # after 31 hours
    crm_ask(bot, SOOTHED, "service_centre", "a18")
    crm_says(bot, SOOTHED, "", draft_of=drafts(bot, SOOTHED)[-1]["id"])
    crm_says(bot, SOOTHED, "Мастер приедет завтра.")  # this promise is kept
    ask(bot, "product", number=2)  # nobody tells the client
    fire_after(bot, "2h")
    fire_after(bot, "15h")  # Wednesday ten: the second ones
    fire_after(bot, "4h")
    answer(bot, ticket=in_usedesk)  # after 52 hours
    fire_after(bot, "4h")
    fire_after(bot, "16h")  # Thursday ten: the third
    fire_after(bot, "4h")
    crm_answer(bot, LAST_MINUTE, "brand_store", "a18")  # after 76 hours
    fire_after(bot, "4h")
    crm_ask(bot, FRESH, "service", "a17")
    fire_after(bot, "17h")  # Friday eleven
    count(bot)


def count(bot: Bot) -> None:
    """What the clock does for the report."""
    Clock(bot.engine, bot.process.factory, bot.reloader).count_days()
