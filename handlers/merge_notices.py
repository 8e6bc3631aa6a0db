"""M-1 typed by hand: its number must be that of another ticket of the same seller that is in work (W-15, W-16)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from config.duplicates import Duplicates
from desk.known_tickets import KnownTicket, party_of, plain
from desk.phrases import read
from events import Message, TicketEvent
from handlers.closings import OURS

NEWEST = 200  # messages of a ticket that are read
SENDERS = (*OURS, "bot")
AT_ONCE = timedelta(minutes=1)  # a status heard within this time after a notice counts for the moment of the notice
NoticeFault = Literal["empty", "own", "again", "none", "other_seller", "not_working"]
_LABELLED = re.compile(
    r"(?:№|#|номер\w*|обращени\w*|тикет\w*|запрос\w*|заявк\w*)[\s№#:]*(\d[0-9A-Za-z-]*)", re.IGNORECASE
)
_BARE = re.compile(r"\b\d{5,}\b")


@dataclass(frozen=True)
class MergeNotice:
    """A message to a client that two tickets were merged.

    `number`: the other ticket's; None if there is none, or it is unclear which of several. `plain_text`: the message
    has no digit. `at`: None if unknown. `again`: the client had already been told the same.
    """

    number: str | None
    plain_text: bool
    at: datetime | None
    again: bool = False


def newest(event: TicketEvent, table: Duplicates) -> MergeNotice | None:
    """Return the last notice among a ticket's newest messages if an agent wrote it; the bot's own need no check."""
    messages = event.ticket.messages[-NEWEST:]
    said = [one for one in messages if one.public and _says(one, table)]
    told = list({one.id or str(place): one for place, one in enumerate(said)}.values())  # a CRM may list one twice
    if not told or told[-1].author.role not in OURS:
        return None
    last, number = told[-1], _number(told[-1].text, event.ticket.id)
    at = last.at or (event.occurred_at if last.text == messages[-1].text else None)
    again = number is not None and number in (_number(one.text, event.ticket.id) for one in told[:-1])
    return MergeNotice(number, not any(map(str.isdigit, last.text)), at, again)


def is_notice(message: Message, table: Duplicates) -> bool:
    """Return whether a message is an agent's public one that says in substance what M-1 does."""
    return message.public and message.author.role in OURS and _says(message, table)


def fault_of(
    notice: MergeNotice, event: TicketEvent, others: Mapping[str, KnownTicket | None], table: Duplicates
) -> NoticeFault | None:
    """Return what is certainly wrong with a notice; None if nothing is, or it is unknown. `others` are by number."""
    if notice.number is None:
        return "empty" if notice.plain_text else None
    if notice.number == event.ticket.id:
        return "own"
    if notice.again:
        return "again"
    if notice.number not in others:
        return None
    other = others[notice.number]
    return "none" if other is None else _fault_of_other(notice, other, event, table)


def _fault_of_other(
    notice: MergeNotice, other: KnownTicket, event: TicketEvent, table: Duplicates
) -> NoticeFault | None:
    party = party_of(event.ticket)
    if party is not None and other.party is not None and party != other.party:
        return "other_seller"
    stood = notice.at is not None and other.told_at <= notice.at + AT_ONCE
    return "not_working" if other.status and stood and not table.is_working(other.status) else None


def _says(message: Message, table: Duplicates) -> bool:
    sent = message.author.role in SENDERS and table.may_notify(message.text)
    return sent and any(hit.owner == "notice" for hit in table.notices.find(read(message.text)))


def _number(text: str, own: str) -> str | None:
    numbers = dict.fromkeys(map(plain, _LABELLED.findall(text) or _BARE.findall(text)))
    others = [one for one in numbers if one != plain(own)]
    if len(others) == 1:
        return others[0]
    return plain(own) if numbers and not others else None
