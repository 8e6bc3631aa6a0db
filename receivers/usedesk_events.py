"""Turns Usedesk's five kinds of body, told apart by their keys, into neutral events.

Lenient: an optional value of the wrong type counts as missing; only a missing or malformed ticket id is refused. No
event is dated later than its arrival.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from desk.usedesk.ticket import MESSAGE, Reader, client_of, fields, known
from desk.usedesk.view import as_message
from events import Agent, Author, Message, Ticket, TicketEvent, ticket_case
from events.untrusted import part, text
from receivers.refusal import Refusal

SOURCE = "usedesk"
NO_CASE = f"{SOURCE}:none"
BLOCKS = "custom_blocks"


@dataclass(frozen=True)
class ParsedUsedesk:
    """One parsed body: `kind` is ticket, comment, change, csi, chat or unknown; without `event`, `ignored` says why.

    Usedesk sends no delivery id, so it is made of the ids in the body, and a body sent twice is recognised.
    """

    kind: str
    delivery_id: str
    case: str
    event: TicketEvent | None = None
    ignored: str | None = None


def parse(body: Mapping[str, object], reader: Reader, now: datetime) -> ParsedUsedesk:
    """Parse a body that arrived `now`. Raises Refusal when the ticket's id is missing."""
    if known(body.get("chat_id")):
        return _chat(body, now)
    if part(body, "csi"):
        return _csi(body)
    for key, understand in (("trigger", _change), ("comment", _comment), ("ticket", _created)):
        if part(body, key):
            return understand(body, reader, now)
    return ParsedUsedesk(
        "unknown",
        _delivery("unknown", body),
        NO_CASE,
        ignored="none of the keys ticket, comment, trigger, csi, chat_id",
    )


def _created(body: Mapping[str, object], reader: Reader, now: datetime) -> ParsedUsedesk:
    seen = reader.ticket(body)
    ticket_id = _ticket_id(seen.id, "$.ticket.id")
    at = _not_later(seen.created_at, now)
    author = Author(role="client", id=seen.client.id)
    first = Message(at=at, author=author, visibility="public", text=seen.opening)
    ticket = Ticket(
        id=ticket_id,
        status=seen.status,
        type=seen.type,
        subject=seen.subject,
        created_at=at,
        client=seen.client,
        assignee_id=seen.assignee_id,
        channel=seen.channel,
        group_id=seen.group_id,
        priority=seen.priority,
        external_id=seen.external_id,
        custom_fields=seen.fields,
        messages=(first,) if first.text else (),
    )
    delivery = f"ticket:{ticket_id}:created"
    event = TicketEvent(source=SOURCE, id=delivery, type="ticket.created", occurred_at=at, ticket=ticket)
    return ParsedUsedesk("ticket", delivery, ticket_case(SOURCE, ticket_id), event)


def _comment(body: Mapping[str, object], reader: Reader, now: datetime) -> ParsedUsedesk:
    given = part(body, "comment")
    comment = reader.comment(given)
    ticket_id = _ticket_id(comment.ticket_id, "$.comment.ticket_id")
    parsed = ParsedUsedesk("comment", _delivery("comment", given, comment.id), ticket_case(SOURCE, ticket_id))
    if comment.author == reader.own:
        return replace(parsed, ignored="a comment of the bot's own")
    at, client = _not_later(comment.at, now), client_of(body, given)
    message = as_message(comment, client).model_copy(update={"at": at})
    event = TicketEvent(
        source=SOURCE,
        id=parsed.delivery_id,
        type="ticket.message",
        occurred_at=at,
        ticket=_context(body, ticket_id, given).model_copy(update={"messages": (message,)}),
        agent=Agent(id=comment.author) if comment.role == "agent" else Agent(),
        message_id=comment.id,
    )
    return replace(parsed, event=event)


def _change(body: Mapping[str, object], reader: Reader, now: datetime) -> ParsedUsedesk:
    given = part(body, "trigger")
    change = reader.change(given)
    ticket_id = _ticket_id(change.ticket_id, "$.trigger.ticket_id")
    parsed = ParsedUsedesk("change", _delivery("trigger", given, change.id), ticket_case(SOURCE, ticket_id))
    if change.user_id == reader.own:
        return replace(parsed, ignored="a change of the bot's own")
    if not change.fields:
        return replace(parsed, ignored="no change that the bot follows")
    event = TicketEvent(
        source=SOURCE,
        id=parsed.delivery_id,
        type="ticket.status_changed",
        occurred_at=_not_later(change.at, now),
        ticket=_context(body, ticket_id, given).model_copy(update={"status": change.status}),
        agent=Agent(id=change.user_id),
        change=change.fields[0],
        changes=change.fields,
    )
    return replace(parsed, event=event)


def _csi(body: Mapping[str, object]) -> ParsedUsedesk:
    given = part(body, "csi")
    ignored = "a rating: no rule of the manuals"
    return ParsedUsedesk(
        "csi", _delivery("csi", given, known(given.get("id"))), _case(given.get("ticket_id")), ignored=ignored
    )


def _chat(body: Mapping[str, object], now: datetime) -> ParsedUsedesk:
    """Ignore a chat's message. It has no id, so its chat, sender, text and minute stand for one."""
    said = [text(body.get(name), MESSAGE) or "" for name in ("chat_id", "from", "text")]
    said.append(f"{now:%Y-%m-%dT%H:%M}")
    ignored = "a chat's message: it arrives as a comment of its ticket too"
    return ParsedUsedesk("chat", _delivery("chat", said), _case(part(body, "ticket").get("id")), ignored=ignored)


def _delivery(kind: str, given: object, number: str | None = None) -> str:
    """Return `kind:id`, with a hash of what was sent where there is no id."""
    content = json.dumps(given, sort_keys=True).encode()
    return f"{kind}:{number or hashlib.sha256(content).hexdigest()}"


def _context(body: Mapping[str, object], ticket_id: str, given: Mapping[str, object]) -> Ticket:
    """Return what the webhook of a comment or a change says about its ticket."""
    assignee = known(body.get("assignee_id"))
    return Ticket(id=ticket_id, client=client_of(body, given), assignee_id=assignee, custom_fields=fields(body))


def _case(ticket_id: object) -> str:
    number = known(ticket_id)
    return ticket_case(SOURCE, number) if number else NO_CASE


def _ticket_id(number: str | None, path: str) -> str:
    if not number:
        raise Refusal("is missing or not an id", "send the ticket's id: 1 to 64 digits or letters", path=path)
    return number


def _not_later(at: datetime | None, now: datetime) -> datetime:
    return now if at is None else min(at, now)
