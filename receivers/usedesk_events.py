"""Usedesk's five kinds of body, told apart by their keys, as neutral events.

Lenient: an optional value of the wrong type counts as missing. Ids come as strings or numbers; what is no id of
a ticket is refused. Dates carry no zone and are read as UTC, but never as later than now.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.usedesk.words import status_word, to_text
from events import (
    TICKET_ID,
    Agent,
    Author,
    Client,
    CustomField,
    Message,
    Ticket,
    TicketChange,
    TicketEvent,
    ticket_case,
)
from receivers.fields import objects, part, text
from receivers.refusal import Refusal

SOURCE = "usedesk"
NO_CASE = f"{SOURCE}:none"
BLOCKS = "custom_blocks"
NOBODY = frozenset({"", "0", "null"})  # how Usedesk writes «no agent», «no group»
_ID = re.compile(TICKET_ID.removesuffix("$"))
_MESSAGE = 262_144  # characters of HTML
_ENTRIES = 200  # of a list: the rest is left out
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
# Their name of what changed → ours; what is not here (messages, SLA clocks) is no change of the ticket.
_FIELDS: Mapping[str, str] = {
    "status_id": "status",
    "status": "status",
    "assignee_id": "assignee",
    "group": "group",
    "group_id": "group",
    "type": "type",
    "priority": "priority",
    "subject": "subject",
    "new_tags": "tags_added",
    "removed_tags": "tags_removed",
    "ticket_field": "field",
}


@dataclass(frozen=True)
class Parsed:
    """One body, understood: `kind` is ticket, comment, change, csi, chat or unknown; `event` None: ignored, with why.

    Usedesk sends no delivery id: the ids inside make one, so that a second sending is known as such.
    """

    kind: str
    delivery_id: str
    case: str
    event: TicketEvent | None = None
    ignored: str | None = None


def parse(body: Mapping[str, Any], now: datetime, agent_id: str) -> Parsed:
    """Understand a body; `agent_id` is the bot's own agent. Raises Refusal when the ticket's id is missing."""
    if _known(body.get("chat_id")):
        return _chat(body, now)
    for key, understand in (("csi", _csi), ("trigger", _change), ("comment", _comment), ("ticket", _created)):
        if part(body, key):
            return understand(body, now, agent_id)
    return Parsed(
        "unknown",
        _delivery("unknown", body),
        NO_CASE,
        ignored="none of the keys ticket, comment, trigger, csi, chat_id",
    )


def _created(body: Mapping[str, Any], now: datetime, _agent_id: str) -> Parsed:
    given = part(body, "ticket")
    ticket_id = _ticket_id(given.get("id"), "$.ticket.id")
    at = _moment(given.get("published_at"), now)
    client = _client(body, given)
    first = Message(at=at, author=Author(role="client", id=client.id), visibility="public", text=_text(given))
    ticket = _ticket(body, ticket_id, client).model_copy(
        update={
            "status": _status(given.get("status_id")),
            "type": text(given.get("type")),
            "subject": text(given.get("subject")),
            "created_at": at,
            "assignee_id": _known(given.get("assignee_id")),
            "channel": _known(given.get("channel_id")),
            "group_id": _known(given.get("group")),
            "priority": text(given.get("priority")),
            "external_id": text(given.get("additional_id")),
            "messages": (first,) if first.text else (),
        }
    )
    delivery = f"ticket:{ticket_id}:created"
    event = TicketEvent(source=SOURCE, id=delivery, type="ticket.created", occurred_at=at, ticket=ticket)
    return Parsed("ticket", delivery, ticket_case(SOURCE, ticket_id), event)


def _comment(body: Mapping[str, Any], now: datetime, agent_id: str) -> Parsed:
    given = part(body, "comment")
    ticket_id = _ticket_id(given.get("ticket_id"), "$.comment.ticket_id")
    user = _known(given.get("user_id"))
    parsed = Parsed("comment", _delivery("comment", given), ticket_case(SOURCE, ticket_id))
    if user == agent_id:
        return _ignored(parsed, "a comment of the bot's own")
    at, client = _moment(given.get("published_at"), now), _client(body, given)
    author = _author(given.get("from"), user, client)
    number = _id(given.get("id"))
    message = Message(
        id=number,
        at=at,
        author=author,
        visibility="public" if given.get("type") == "public" else "internal",
        text=_text(given),
    )
    event = TicketEvent(
        source=SOURCE,
        id=parsed.delivery_id,
        type="ticket.message",
        occurred_at=at,
        ticket=_ticket(body, ticket_id, client).model_copy(update={"messages": (message,)}),
        agent=Agent(id=user) if author.role == "agent" else Agent(),
        message_id=number,
    )
    return _with(parsed, event)


def _change(body: Mapping[str, Any], now: datetime, agent_id: str) -> Parsed:
    given = part(body, "trigger")
    ticket_id = _ticket_id(given.get("ticket_id"), "$.trigger.ticket_id")
    user = _known(given.get("user_id"))
    parsed = Parsed("change", _delivery("trigger", given), ticket_case(SOURCE, ticket_id))
    if user == agent_id:
        return _ignored(parsed, "a change of the bot's own")
    changes = tuple(sorted(_changes(given), key=lambda change: change.field != "status"))
    if not changes:
        return _ignored(parsed, "no change that the bot follows")
    after = {change.field: change.after for change in changes}
    ticket = _ticket(body, ticket_id, _client(body, given))
    event = TicketEvent(
        source=SOURCE,
        id=parsed.delivery_id,
        type="ticket.status_changed",
        occurred_at=_moment(given.get("changed_at"), now),
        ticket=ticket.model_copy(update={"status": after.get("status") or _status(given.get("new_status"))}),
        agent=Agent(id=user),
        change=changes[0],
        changes=changes,
    )
    return _with(parsed, event)


def _csi(body: Mapping[str, Any], _now: datetime, _agent_id: str) -> Parsed:
    given = part(body, "csi")
    ignored = "a rating: no rule of the manuals"
    return Parsed("csi", _delivery("csi", given), _case(given.get("ticket_id")), ignored=ignored)


def _chat(body: Mapping[str, Any], now: datetime) -> Parsed:
    """A chat's messages have no id: what was said to whom in this minute stands for one."""
    said = [text(body.get(name), _MESSAGE) or "" for name in ("chat_id", "from", "text")]
    said.append(f"{now:%Y-%m-%dT%H:%M}")
    ignored = "a chat's message: it arrives as a comment of its ticket too"
    return Parsed("chat", _delivery("chat", said), _case(part(body, "ticket").get("id")), ignored=ignored)


def _delivery(kind: str, given: Any) -> str:
    """`kind:id`; where there is no id, what was sent stands for it."""
    number = _id(part(given).get("id"))
    content = json.dumps(given, sort_keys=True).encode()
    return f"{kind}:{number or hashlib.sha256(content).hexdigest()}"


def _changes(given: Mapping[str, Any]) -> Iterator[TicketChange]:
    named = False
    for entry in objects(given.get("data"), _ENTRIES):
        field = _FIELDS.get(text(entry.get("target")) or "")
        before, after = entry.get("old_value"), entry.get("value")
        if field == "status":
            named = True
            yield TicketChange(field=field, before=_status(before), after=_status(after))
        elif field == "field" and (number := _id(part(after).get("id"))):
            yield TicketChange(field=f"field:{number}", before=_value(before), after=_value(after))
        elif field:
            yield TicketChange(field=field, before=_value(before), after=_value(after))
    before, after = _status(given.get("old_status")), _status(given.get("new_status"))
    if not named and before and after and before != after:
        yield TicketChange(field="status", before=before, after=after)


def _value(value: Any) -> str | None:
    """What a field was or became, as a text; Usedesk documents neither lists nor objects, so both are understood."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_value, value[:_ENTRIES]))) or None
    if isinstance(value, dict):
        return text(value.get("value")) or text(value.get("name"))
    return text(value)


def _ticket(body: Mapping[str, Any], ticket_id: str, client: Client) -> Ticket:
    fields = [
        CustomField(id=text(field.get("id")), name=text(field.get("name")), value=_value(field.get("value")))
        for field in objects(body.get("custom_fields"), _ENTRIES)
    ]
    return Ticket(id=ticket_id, client=client, assignee_id=_known(body.get("assignee_id")), custom_fields=tuple(fields))


def _client(body: Mapping[str, Any], given: Mapping[str, Any]) -> Client:
    card = part(body, "client")
    return Client(id=_known(given.get("client_id")) or _known(card.get("id")), name=text(card.get("name")))


def _author(sender: Any, user: str | None, client: Client) -> Author:
    if sender == "client":
        return Author(role="client", id=client.id)
    if sender == "user" or user:
        return Author(role="agent", id=user)
    return Author(role="bot")  # a rule's


def _text(given: Mapping[str, Any]) -> str:
    return to_text(text(given.get("message"), _MESSAGE) or "")


def _status(value: Any) -> str | None:
    number = text(value)
    return status_word(number) if number not in (None, "", "0", "null") else None


def _id(value: Any) -> str | None:
    """A number or a string that is safe as an id, else None."""
    candidate = text(value, 65)
    return candidate if candidate is not None and _ID.fullmatch(candidate) else None


def _known(value: Any) -> str | None:
    """The id of somebody or something, None for nobody."""
    candidate = _id(value)
    return None if candidate in NOBODY else candidate


def _case(ticket_id: Any) -> str:
    known = _known(ticket_id)
    return ticket_case(SOURCE, known) if known else NO_CASE


def _ticket_id(value: Any, path: str) -> str:
    known = _known(value)
    if known is None:
        raise Refusal("is missing or not an id", "send the ticket's id: 1 to 64 digits or letters", path=path)
    return known


def _moment(value: Any, now: datetime) -> datetime:
    try:
        given = datetime.fromisoformat(text(value) or "")
    except ValueError:
        return now
    given = given.replace(tzinfo=UTC) if given.tzinfo is None else given
    return given if _EARLIEST <= given <= now else now


def _ignored(parsed: Parsed, reason: str) -> Parsed:
    return Parsed(parsed.kind, parsed.delivery_id, parsed.case, ignored=reason)


def _with(parsed: Parsed, event: TicketEvent) -> Parsed:
    return Parsed(parsed.kind, parsed.delivery_id, parsed.case, event)
