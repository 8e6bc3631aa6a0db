"""A ticket as it stands in Usedesk now, from an answer of `/ticket`; ids come as strings or numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from config.names import match_key
from desk.usedesk.words import status_word, to_text
from events import Author, Client, CustomField, Message, Ticket

NOBODY = ("", "0", "null", "None")
Role = Literal["client", "agent", "bot"]


@dataclass(frozen=True)
class Comment:
    """A comment; `role` is bot for what a rule of Usedesk's or the bot itself wrote."""

    id: str
    at: datetime
    role: Role
    author: str | None
    public: bool
    text: str


@dataclass(frozen=True)
class UsedeskTicket:
    """A ticket: our word of its status, Usedesk's of type and priority, its comments by age."""

    id: str
    subject: str
    status: str
    type: str | None
    priority: str | None
    client_id: str | None
    assignee_id: str | None
    comments: tuple[Comment, ...]
    tags: tuple[str, ...]
    fields: tuple[CustomField, ...]

    def private_since(self, since: datetime) -> bool:
        """Whether an agent has written a private comment since this moment, to the second."""
        floor = since.replace(microsecond=0)
        return any(one.role == "agent" and not one.public and one.at >= floor for one in self.comments)

    @property
    def last_public(self) -> Comment | None:
        """The last comment that the client can see."""
        return next((one for one in reversed(self.comments) if one.public), None)

    def as_ticket(self) -> Ticket:
        """The same as the neutral event tells it."""
        author = {"client": self.client_id}
        messages = tuple(
            Message(
                id=one.id,
                at=one.at,
                author=Author(role=one.role, id=author.get(one.role, one.author)),
                visibility="public" if one.public else "internal",
                text=one.text,
            )
            for one in self.comments
            if one.role != "bot"
        )
        return Ticket(
            id=self.id,
            audience="customer",
            status=self.status,
            subject=self.subject,
            client=Client(id=self.client_id),
            assignee_id=self.assignee_id,
            tags=self.tags,
            custom_fields=self.fields,
            messages=messages,
        )


def view(answer: Mapping[str, Any], own: str, zone: int = 0) -> UsedeskTicket:
    """Read an answer; `own` is the bot's agent, `zone` how many minutes the dates are ahead of UTC."""
    ticket = answer.get("ticket") or {}
    fields = (one for one in answer.get("custom_fields") or [] if isinstance(one, dict))
    return UsedeskTicket(
        id=str(ticket.get("id")),
        subject=str(ticket.get("subject") or ""),
        status=status_word(str(ticket.get("status_id"))),
        type=_known(ticket.get("type")),
        priority=_known(ticket.get("priority")),
        client_id=_known(ticket.get("client_id")),
        assignee_id=_known(ticket.get("assignee_id")),
        comments=tuple(sorted(_comments(answer, own, zone), key=lambda one: one.at)),
        tags=tuple(str(one["name"]) for one in answer.get("tags") or [] if isinstance(one, dict) and one.get("name")),
        fields=tuple(
            CustomField(id=_known(one.get("id")), name=_known(one.get("name")), value=_text(one)) for one in fields
        ),
    )


def value_of(fields: tuple[CustomField, ...], name: str) -> tuple[bool, str]:
    """Whether there is a custom field of this name or number, and what it says."""
    for one in fields:
        if name in (one.id, one.name) or match_key(one.name or "") == match_key(name):
            return True, (one.value or "").strip()
    return False, ""


def _comments(answer: Mapping[str, Any], own: str, zone: int) -> Iterator[Comment]:
    for one in answer.get("comments") or []:
        if not isinstance(one, dict):
            continue
        author = _known(one.get("user_id"))
        role: Role = "client" if one.get("from") == "client" else "agent" if author and author != own else "bot"
        yield Comment(
            id=str(one.get("id")),
            at=_moment(one.get("published_at"), zone),
            role=role,
            author=author,
            public=one.get("type") == "public",
            text=to_text(str(one.get("message") or "")),
        )


def _text(field: Mapping[str, Any]) -> str | None:
    value = field.get("value")
    if isinstance(value, list):
        return ", ".join(str(one.get("value") if isinstance(one, dict) else one) for one in value) or None
    if isinstance(value, dict):
        return _known(value.get("value"))
    return _known(value)


def _known(value: Any) -> str | None:
    return None if value is None or str(value) in NOBODY else str(value)


def _moment(value: Any, zone: int) -> datetime:
    """Usedesk's date in UTC; one that cannot be read counts as long ago."""
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) - timedelta(minutes=zone)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
