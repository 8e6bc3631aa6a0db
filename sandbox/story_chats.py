"""The story's chats of customers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.story import StoryWorld

ACCEPTED = 202


def play_chat(world: StoryWorld, scene: dict[str, Any]) -> tuple[bool, str]:
    """A customer's chat: handed on by the bot, or by an agent (`chosen`) to a line that does not fit (`note`)."""
    number, chosen = str(scene["ticket"]), scene.get("chosen")
    said = {"id": "m1", "author": {"role": "client"}, "visibility": "public", "text": scene["says"]}
    ticket = {"id": number, "audience": "customer", "channel": "chat", "messages": [said]}
    world.put_ticket(ticket)
    event: dict[str, Any] = {"id": f"story-{number}", "occurred_at": datetime.now(UTC).isoformat(), "ticket": ticket}
    event |= {"type": "ticket.closing" if chosen else "ticket.message", "message_id": "m1"}
    event |= {"agent": {"id": "a17", "org": "КЦ", "skills": [], "permissions": []}}
    if chosen:
        event["closing"] = {"resolution": "Не решена", "escalate": True, "escalation_reason": chosen}
        event["closing"]["comment"] = "Клиент ждёт, платёж проверен."
    taken = world.send(event) == ACCEPTED
    outcome, stands = world.outcome(event["id"]), world.ticket(number)
    notes = " ".join(one["text"] for one in stands["messages"] if one["visibility"] == "internal")
    line = (stands.get("escalation") or {}).get("reason")
    fine = taken and outcome["status"] == "done" and line == scene.get("line") and scene.get("note", "") in notes
    rules = ", ".join(dict.fromkeys(step["rule"] for step in outcome["ledger"]))
    return fine, f"{line or '-':<24} {stands['status']:<10} {outcome['status']:<8} {rules}"
