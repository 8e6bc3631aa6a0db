"""The four procedures of holds that workers are killed in: how each is set going, and what it must bring about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from events import ticket_case
from store.tables import deliveries
from tests.bot import Bot
from tests.runtime.waiting import until
from tests.tickets import closing, ticket

SELLER = "qm:5e11e400-2a64-4c1d-95b7-1f0d8c3be005:00000000-0000-4000-8000-000000184467"
OPERATOR = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"
CARD = {"id": "184467", "name": "Лавка Пример", "jira_account_id": SELLER}
AGENT = {"id": "a17", "name": "Оператор Пример", "gender": "f", "status": "На линии", "jira_account_id": OPERATOR}
ACTIONS = "Запросил у склада номер пропуска, жду ответа в Slack."
QUESTION = "Уточните, пожалуйста, номер поставки и дату вывоза."
ANSWER = "Поставка 2000012345, вывоз 25 ноября."
MIDDLE = ("begin_hold", "remove_neighbour_component", "take_in_work", "link_back")
END = ("hold_waits", "note_hold_begun", "write_key", "close_ticket")

Delivery = tuple[str, str]  # source, id


@dataclass(frozen=True)
class Counts:
    """What one delivery did that had an effect: the same key written again, or a closing under its key, had none."""

    moves: int = 2
    comments: int = 1
    notes: int = 1
    key_writes: int = 1
    closings: int = 1


@dataclass(frozen=True)
class Standing:
    """How issues, hold and timer stand in the end; a hold is (kind, stage, why it ended, components taken)."""

    status: str
    purpose: str
    hold: tuple[str, str, str | None, tuple[str, ...]]
    timer: str = "pending"
    components: tuple[str, ...] = ()
    issues: int = 1
    links: int = 1
    holds: int = 1
    carries_key: bool = True
    closed: bool = True


@dataclass(frozen=True)
class Scenario:
    """A procedure: its verbs in their order, `prepare` makes what `send` sets going, then the outcome.

    `hooks`: Jira tells the bot what happens in it.
    """

    verbs: tuple[str, ...]
    prepare: Callable[[Bot], dict[str, Any]]
    send: Callable[[Bot, dict[str, Any]], Delivery]
    counts: Counts
    standing: Standing
    hooks: bool = False


def _closing(bot: Bot, of: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    bot.sandbox.put_ticket(of)
    return {**closing(of, **chosen), "agent": AGENT}


def _for_ozon(bot: Bot) -> dict[str, Any]:
    return _closing(bot, ticket(), hold="ozon", actions_done=ACTIONS)


def _for_seller(bot: Bot) -> dict[str, Any]:
    made = ticket(type="FBO", subtype="Вывоз остатков", seller=CARD)
    return _closing(bot, made, hold="seller", question=QUESTION)


def _escalated(bot: Bot) -> dict[str, Any]:
    made = ticket()
    _post(bot, _closing(bot, made))
    bot.work()
    again = {**made, "jira_key": bot.sandbox.ticket(made["id"])["jira_key"]}
    return _closing(bot, again, hold="ozon", actions_done=ACTIONS, id=f"hold-{made['id']}")


def _asked(bot: Bot) -> dict[str, Any]:
    event = _for_seller(bot)
    _post(bot, event)
    bot.work()
    return event


def _post(bot: Bot, event: dict[str, Any]) -> Delivery:
    assert bot.crm(event) == 202
    return "webcrm", str(event["id"])


def _answer(bot: Bot, event: dict[str, Any]) -> Delivery:
    """The seller answers in Jira; the delivery that tells of it."""
    with bot.engine.connect() as connection:
        last = connection.execute(sa.select(sa.func.max(deliveries.c.id))).scalar() or 0
    number = event["ticket"]["id"]
    key = bot.sandbox.ticket(number)["jira_key"]
    body = {"body": ANSWER, "public": True}
    bot.sandbox.call_as(SELLER, "POST", f"/rest/servicedeskapi/request/{key}/comment", body)
    mine = (deliveries.c.case_id == ticket_case("webcrm", number), deliveries.c.type == "comment.created")
    told = sa.select(deliveries.c.source, deliveries.c.delivery_id).where(deliveries.c.id > last, *mine)

    def heard() -> Any:
        with bot.engine.connect() as connection:
            return connection.execute(told.order_by(deliveries.c.id)).first()

    source, delivery_id = until(heard, "Jira tells of the answer")
    return source, delivery_id


ON_OZON = Standing("Ожидает обработки", "hold_ozon", ("ozon", "waiting", None, ()))
ON_SELLER = Standing("Ожидает ответа продавца", "hold_seller", ("seller", "waiting", None, ()))
TAKEN = replace(ON_OZON, hold=("ozon", "waiting", None, ("FF:Хоругвино",)))
OVER = Standing("Ожидает обработки", "hold_seller", ("seller", "waiting", "answered", ()), "cancelled")

_OZON = (*MIDDLE, "say_what_was_done", "return_to_queue", *END)
_SELLER = (*MIDDLE, "ask_seller", "wait_for_seller", *END)
_BACK = ("return_to_queue", "take_label_off", "say_hold_ended", "note_hold_ended", "end_hold")
SCENARIOS = {
    "ozon": Scenario(("create_issue", *_OZON), _for_ozon, _post, Counts(), ON_OZON),
    "seller": Scenario(("create_issue", *_SELLER), _for_seller, _post, Counts(), ON_SELLER),
    "taken-over": Scenario(("take_over_issue", *_OZON), _escalated, _post, Counts(key_writes=0), TAKEN),
    "way-back": Scenario(_BACK, _asked, _answer, Counts(moves=1, key_writes=0, closings=0), OVER, hooks=True),
}
