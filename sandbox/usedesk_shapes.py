"""How Usedesk writes a ticket: in answers of the API (ids are strings) and in webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.usedesk_state import SandboxTicket, UsedeskState

ATTRIBUTES = {
    "status_id": "status",
    "assignee_id": "assignee_id",
    "group": "group_id",
    "priority": "priority",
    "type": "type",
    "subject": "subject",
    "client_id": "client_id",
    "tags": "tags",
}


def value(ticket: SandboxTicket, target: str) -> Any:
    """What a target of a change is now; `field:<id>` names a custom field."""
    if target.startswith("field:"):
        return ticket.fields.get(int(target.removeprefix("field:")))
    return getattr(ticket, ATTRIBUTES[target])


def set_value(ticket: SandboxTicket, target: str, new: Any) -> None:
    """Set a target of a change."""
    if target.startswith("field:"):
        ticket.fields[int(target.removeprefix("field:"))] = new
    else:
        setattr(ticket, ATTRIBUTES[target], new)


def items(target: str, old: Any, new: Any) -> list[dict[str, Any]]:
    """The entries of `trigger.data` for one change."""
    if target == "tags":
        added, removed = [tag for tag in new if tag not in old], [tag for tag in old if tag not in new]
        entries = [("new_tags", added), ("removed_tags", removed)]
        return [{"target": name, "value": tags, "old_value": None} for name, tags in entries if tags]
    if target.startswith("field:"):
        changed = {"id": int(target.removeprefix("field:")), "value": new}
        return [{"target": "ticket_field", "value": changed, "old_value": old}]
    return [{"target": target, "value": new, "old_value": old}]


def text(number: int | None) -> str | None:
    """An id as the API's answers give it."""
    return None if number is None else str(number)


def row(state: UsedeskState, ticket: SandboxTicket) -> dict[str, Any]:
    """A ticket as lists and `/ticket` show it."""
    client = state.person("clients", ticket.client_id) or {"emails": []}
    return {
        "id": str(ticket.id),
        "status_id": str(ticket.status),
        "subject": ticket.subject,
        "client_id": str(ticket.client_id),
        "assignee_id": text(ticket.assignee_id),
        "group": str(ticket.group_id or 0),
        "last_updated_at": ticket.updated_at,
        "channel_id": str(state.world["channel"]),
        "email": next((one["email"] for one in client["emails"]), ""),
        "published_at": ticket.published_at,
        "company_id": str(state.world["company"]),
        "additional_id": ticket.additional_id,
        "priority": ticket.priority,
        "type": ticket.type,
        "remind_at": None,
    }


def full(state: UsedeskState, ticket: SandboxTicket) -> dict[str, Any]:
    """The answer of `/ticket`."""
    tags = [{"id": str(place), "name": name} for place, name in enumerate(ticket.tags, start=1)]
    comments = [
        comment | {name: text(comment[name]) for name in ("id", "user_id", "client_id", "ticket_id")}
        for comment in ticket.comments
    ]
    return {
        "ticket": row(state, ticket),
        "comments": comments,
        "tags": tags,
        "custom_fields": custom_fields(state, ticket),
        "changes": ticket.changes,
    }


def custom_fields(state: UsedeskState, ticket: SandboxTicket) -> list[dict[str, Any]]:
    """All custom fields with the ticket's values."""
    return [
        {"id": one["id"], "name": one["name"], "value": ticket.fields.get(one["id"])} for one in state.world["fields"]
    ]


def _client(state: UsedeskState, ticket: SandboxTicket) -> dict[str, Any]:
    known = state.person("clients", ticket.client_id) or {"id": ticket.client_id, "name": ""}
    return {"avatar": None, "note": "", "additional_ids": [], **known}


def _context(state: UsedeskState, ticket: SandboxTicket) -> dict[str, Any]:
    blocks = [{"name": "Смежник", "url": "http://127.0.0.1/usedesk/block", "secret_key": "sandbox-usedesk-block"}]
    return {
        "client": _client(state, ticket),
        "custom_fields": custom_fields(state, ticket),
        "custom_blocks": blocks,
        "assignee_id": ticket.assignee_id,
    }


def created(state: UsedeskState, ticket: SandboxTicket) -> dict[str, Any]:
    """The webhook of a new ticket."""
    message = ticket.comments[0]["message"] if ticket.comments else ""
    around = _context(state, ticket)
    del around["assignee_id"]
    return {"ticket": {**row(state, ticket), "message": message, "files": []}, **around}


def commented(state: UsedeskState, ticket: SandboxTicket, comment: dict[str, Any]) -> dict[str, Any]:
    """The webhook of a comment."""
    return {"comment": comment, **_context(state, ticket)}


def changed(state: UsedeskState, ticket: SandboxTicket, change: dict[str, Any]) -> dict[str, Any]:
    """The webhook of a change."""
    return {"trigger": change, **_context(state, ticket)}


def rated(state: UsedeskState, ticket: SandboxTicket, number: int, rating: int) -> dict[str, Any]:
    """The webhook of a client's rating."""
    now = state.stamp()
    last = ticket.comments[-1]["id"] if ticket.comments else None
    csi: dict[str, Any] = {
        "id": number,
        "user_id": ticket.assignee_id,
        "client_id": ticket.client_id,
        "ticket_id": ticket.id,
    }
    csi |= {"rating": rating, "company_id": state.world["company"], "ticket_comment_id": last, "comment": ""}
    return {"csi": csi | {"created_at": now, "updated_at": now}}


def chatted(state: UsedeskState, ticket: SandboxTicket, chat_id: int, said: str) -> dict[str, Any]:
    """The webhook of a client's message in a chat."""
    client = {"client_id": ticket.client_id, "client": _client(state, ticket)}
    about = {"from": "client", "platform": "usedesk_tg", "ticket": row(state, ticket), "state": "open"}
    return {"chat_id": chat_id, "text": said, **client, **about}
