"""What the bot does in Usedesk: private comments to the agent, drafts and replies, and what stands in a ticket."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from desk.answers import judge
from desk.journal import Done, Verb
from desk.surroundings import Surroundings
from desk.tickets import TicketVerbs, Words
from desk.usedesk.client import SYSTEM
from desk.usedesk.comments import Comments
from desk.usedesk.reading import Reading
from desk.usedesk.view import FINISHED, UsedeskTicket
from events import StrayEvent

OWN = "own"  # the bot's own duty, not a rule of the manuals


class UsedeskDesk(TicketVerbs):
    """The verbs that act in Usedesk. A draft is a private comment: Usedesk knows no other. Never status 2 (U-10)."""

    source = SYSTEM
    closed = "done"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._reading = Reading(around)
        self._comments = Comments(around)

    def read(self, ticket_id: str) -> UsedeskTicket | None:
        """How a ticket stands in Usedesk now; None when there is none."""
        return self._reading.read(ticket_id)

    def answer_in(self, ticket_id: str, since: datetime, asked_by: Collection[str | None]) -> tuple[str, str] | None:
        """Who answered in a department's ticket since then, and the words; None: nobody but those who asked."""
        ticket = self.read(ticket_id)
        if ticket is None:
            return None
        for comment in ticket.comments:
            theirs = comment.role == "client" or (comment.role == "agent" and comment.author not in (None, *asked_by))
            late = comment.since(since) and not comment.first
            if theirs and late and judge(self._around.config.answers, comment.text).is_answer:
                return comment.author or "client", comment.text
        return ("agent", "") if ticket.status in FINISHED else None

    def account_for(self, event: StrayEvent) -> None:
        """Record a comment that a worker wrote which had slept: Usedesk takes none back, and it must not be taken for
        the effect of another verb that says the same."""
        verb = Verb(OWN, "account_for_comment", event.ticket_id, intent=event.message)
        self._around.journal.do(verb, lambda: Done({"id": event.message}, reason="the same stands there twice"))

    def _watched(self, verb: Verb, ticket_id: str) -> Verb:
        def stray(connection: sa.Connection, done: Done | None, key: str) -> None:
            if done is not None:
                about = {"of": "message", "rule": verb.why, "verb": verb.name, "ticket_source": SYSTEM}
                self._around.leave_word(connection, key, ticket_id=ticket_id, message=done.result["id"], **about)

        return replace(verb, stray=stray)

    def stands(self, ticket_id: str, text: str) -> bool:
        """Whether a private comment of the bot's that no verb has accounted for says this."""
        return self._comments.find(ticket_id, Words(text)) is not None

    def _write(self, verb: Verb, ticket_id: str, words: Words) -> str:
        return self._comments.write(ticket_id, _shown(words))

    def _find(self, ticket_id: str, words: Words) -> str | None:
        return self._comments.find(ticket_id, _shown(words))


def _shown(words: Words) -> Words:
    """A draft is private, and says over its text what it is."""
    return replace(words, text=f"{words.heading}\n\n{words.text}", public=False) if words.draft else words
