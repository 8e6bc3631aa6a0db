"""Invented chats of customers, as WebCRM tells of them."""

from __future__ import annotations

import itertools
from typing import Any

from tests.bot import Bot

FS, BANK, EXPRESS, B2B = "Чат. Финансовые сервисы 2Л", "Чат. Ozon Карта", "Чат. Express", "Чат, B2B"
WITHDRAW = "Как вывести деньги с Баланса Средств?"
AT = "2026-11-20T16:04:00+03:00"
_ids = itertools.count(23_900_001)
_events = itertools.count(1)


def said(text: str, role: str = "client", id: str = "m1", **more: Any) -> dict[str, Any]:
    """A public message."""
    return {"id": id, "author": {"role": role, "id": "a17" if role == "agent" else "k1"}, "visibility": "public",
            "text": text, **more}  # fmt: skip


def chat(*messages: dict[str, Any], **ticket: Any) -> dict[str, Any]:
    """A customer's chat with these messages, with an id of its own."""
    base = {"id": str(next(_ids)), "audience": "customer", "channel": "chat", "order_no": "51200934-0003"}
    return base | {"messages": list(messages)} | ticket


def event(of: dict[str, Any], type: str = "ticket.message", at: str = AT, **more: Any) -> dict[str, Any]:
    """Something that happened to a chat of agent a17's: its newest message, unless `type` says otherwise."""
    agent = {"id": "a17", "org": "КЦ", "skills": [], "permissions": []} | more.pop("agent", {})
    newest = of["messages"][-1]["id"] if type == "ticket.message" else None
    base = {"id": f"evt-chat-{next(_events)}", "type": type, "occurred_at": at, "ticket": of, "agent": agent}
    return base | {"message_id": newest} | more


def handed(of: dict[str, Any], reason: str | None = FS, type: str = "ticket.closing", **more: Any) -> dict[str, Any]:
    """An agent escalates the chat by closing it, all as the manual says (E-54…E-57)."""
    comment = "Просит вывести деньги, баланс проверен."
    closing = {"resolution": "Не решена", "escalate": True, "escalation_reason": reason, "comment": comment}
    return event(of, type, **({"closing": closing | more.pop("closing", {})} | more))


def send(bot: Bot, *events: dict[str, Any]) -> None:
    """Let the events come, one after the other, and the bot work; a ticket that the CRM does not know is put there."""
    for one in events:
        if one["ticket"]["id"] not in bot.sandbox.state.tickets:
            bot.sandbox.put_ticket(one["ticket"])
        assert bot.crm(one) == 202
        bot.work()
