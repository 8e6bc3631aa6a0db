"""What the bot does in Usedesk: private comments to the agent, drafts and replies, and what stands in a ticket."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.gates import Refused
from desk.journal import Verb
from desk.surroundings import Surroundings
from desk.tickets import NOT_FOUND, TicketVerbs, Words
from desk.usedesk.client import SYSTEM
from desk.usedesk.comments import Comments
from desk.usedesk.words import status_word, to_text

FINISHED = ("done", "closed")
GONE = ("deleted", "spam", "merged")
_NOBODY = ("", "0", "None", "null")


@dataclass(frozen=True)
class Comment:
    """A comment of a ticket; `user_id` None: the client wrote it, or a rule did (`sender` says which)."""

    sender: str
    user_id: str | None
    public: bool
    at: datetime
    text: str
    first: bool = False


@dataclass(frozen=True)
class UsedeskTicket:
    """How a ticket stands in Usedesk now; `comments` the oldest first."""

    subject: str
    status: str
    assignee_id: str | None
    comments: tuple[Comment, ...]


class UsedeskDesk(TicketVerbs):
    """The verbs that act in Usedesk. A draft is a private comment: Usedesk knows no other. Never status 2 (U-10)."""

    source = SYSTEM
    closed = "done"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._comments = Comments(around)

    def read(self, ticket_id: str) -> UsedeskTicket | None:
        """How a ticket stands in Usedesk now; None when there is none."""
        try:
            return _view(self._around.usedesk().ticket(ticket_id))
        except Refused as refused:
            if refused.trouble.status != NOT_FOUND:
                raise
            return None

    def answer_in(self, ticket_id: str, since: datetime, asked_by: Collection[str | None]) -> tuple[str, str] | None:
        """Who answered in a department's ticket since then, and the words; None: nobody but those who asked."""
        ticket = self.read(ticket_id)
        if ticket is None:
            return None
        askers = {*asked_by, self._around.usedesk().agent_id}
        for comment in ticket.comments:
            theirs = comment.sender == "client" or (comment.user_id is not None and comment.user_id not in askers)
            late = comment.at >= since.replace(microsecond=0) and not comment.first
            if theirs and late and not self._around.config.holds.is_courtesy(comment.text):
                return comment.user_id or "client", comment.text
        return ("agent", "") if ticket.status in FINISHED else None

    def _write(self, verb: Verb, ticket_id: str, words: Words) -> str:
        return self._comments.write(ticket_id, _shown(words), public=words.public and not words.draft)

    def _find(self, ticket_id: str, words: Words) -> str | None:
        return self._comments.find(ticket_id, _shown(words), public=words.public and not words.draft)


def _shown(words: Words) -> str:
    """A draft says over its text what it is."""
    return f"{words.heading}\n\n{words.text}" if words.draft else words.text


def _view(answer: Mapping[str, Any]) -> UsedeskTicket:
    ticket = answer.get("ticket") or {}
    assignee = str(ticket.get("assignee_id"))
    comments = sorted(map(_comment, answer.get("comments") or ()), key=lambda comment: comment.at)
    return UsedeskTicket(
        subject=str(ticket.get("subject") or ""),
        status=status_word(str(ticket.get("status_id"))),
        assignee_id=None if assignee in _NOBODY else assignee,
        comments=tuple(comments),
    )


def _comment(given: Mapping[str, Any]) -> Comment:
    user = str(given.get("user_id"))
    try:
        at = datetime.fromisoformat(str(given.get("published_at"))).replace(tzinfo=UTC)
    except ValueError:
        at = datetime.min.replace(tzinfo=UTC)
    return Comment(
        sender=str(given.get("from")),
        user_id=None if user in _NOBODY else user,
        public=given.get("type") == "public",
        at=at,
        text=to_text(str(given.get("message") or "")),
        first=str(given.get("is_first")) in ("1", "True"),
    )
