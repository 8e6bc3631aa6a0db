"""A ticket, its comments and its changes as they are in Usedesk; `ticket.Reader` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from config.names import match_key
from events import Author, Client, CustomField, Message, Ticket, TicketChange

FINISHED = ("done", "closed")
ON_HOLD = "on_hold"  # «На удержании» (T-7)
GONE = ("deleted", "spam", "merged")
Role = Literal["client", "agent", "bot"]


@dataclass(frozen=True)
class UsedeskComment:
    """A comment; `role` is bot if it was written by the bot (`author` is its agent) or by a rule of Usedesk.

    `at` is `None` if the date is unreadable. `first`: it is the ticket's own text.
    """

    id: str | None
    ticket_id: str | None
    at: datetime | None
    role: Role
    author: str | None
    public: bool
    text: str
    first: bool

    def since(self, moment: datetime) -> bool:
        """Whether it was written since this moment; Usedesk's dates are in whole seconds."""
        return self.at is not None and self.at >= moment.replace(microsecond=0)


@dataclass(frozen=True)
class UsedeskChange:
    """Changes made at once, the status first; `user_id` is `None` if a rule of Usedesk made them."""

    id: str | None
    ticket_id: str | None
    at: datetime | None
    user_id: str | None
    status: str | None
    fields: tuple[TicketChange, ...]


@dataclass(frozen=True)
class UsedeskTicket:
    """A ticket: status in our words, type and priority in Usedesk's, comments oldest first.

    `updated` is the date of its last update as Usedesk wrote it; `opening` is its own text.
    """

    id: str
    subject: str
    status: str | None
    type: str | None
    priority: str | None
    client: Client
    assignee_id: str | None
    group_id: str | None
    channel: str | None
    external_id: str | None
    created_at: datetime | None
    updated: str
    opening: str
    comments: tuple[UsedeskComment, ...]
    tags: tuple[str, ...]
    fields: tuple[CustomField, ...]

    def private_since(self, since: datetime) -> bool:
        """Whether an agent has written a private comment since this moment."""
        return any(one.role == "agent" and not one.public and one.since(since) for one in self.comments)

    @property
    def last_public(self) -> UsedeskComment | None:
        """The last comment that the client can see."""
        return next((one for one in reversed(self.comments) if one.public), None)

    def as_ticket(self) -> Ticket:
        """Return the ticket in the form of our events."""
        messages = tuple(as_message(one, self.client) for one in self.comments if one.role != "bot")
        return Ticket(
            id=self.id,
            audience="customer",
            status=self.status,
            subject=self.subject,
            client=self.client,
            assignee_id=self.assignee_id,
            tags=self.tags,
            custom_fields=self.fields,
            messages=messages,
        )


def as_message(comment: UsedeskComment, client: Client) -> Message:
    """Return a comment in the form of our events."""
    author = {"client": client.id, "agent": comment.author}
    return Message(
        id=comment.id,
        at=comment.at,
        author=Author(role=comment.role, id=author.get(comment.role)),
        visibility="public" if comment.public else "internal",
        text=comment.text,
    )


def value_of(fields: tuple[CustomField, ...], name: str) -> tuple[bool, str]:
    """Return whether there is a custom field with this name or id, and its value."""
    for one in fields:
        if name in (one.id, one.name) or match_key(one.name or "") == match_key(name):
            return True, (one.value or "").strip()
    return False, ""
