"""The bot's actions in Usedesk: private comments to the agent, drafts, replies; and look-ups of tickets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from desk.actions import OWN, Action, Result
from desk.answers import judge
from desk.context import DeskContext
from desk.tickets import TicketVerbs, Words
from desk.usedesk.client import SYSTEM
from desk.usedesk.comments import Comments
from desk.usedesk.outgoing import Outgoing
from desk.usedesk.reading import UsedeskReading
from desk.usedesk.view import FINISHED, GONE, ON_HOLD, UsedeskTicket
from events import StrayEvent


class UsedeskDesk(TicketVerbs):
    """The actions in Usedesk. A draft is a private comment, as Usedesk has no drafts. Never status 2 (U-10)."""

    source = SYSTEM
    closed = "done"

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context)
        self._reading = UsedeskReading(context)
        self._comments = Comments(context)
        self.outgoing = Outgoing(context)

    def read(self, ticket_id: str) -> UsedeskTicket | None:
        """Return a ticket as it is in Usedesk now; `None` if there is none."""
        return self._reading.read(ticket_id)

    def is_over(self, ticket_id: str) -> bool:
        """Whether a ticket is done or does not exist."""
        ticket = self.read(ticket_id)
        return ticket is None or ticket.status in FINISHED

    def put_on_hold(self, ticket_id: str, *, why: str) -> None:
        """Set «На удержании»; a ticket that is finished, or does not exist, stays as it is."""

        def stands() -> Result | None:
            ticket = self._reading.read_anew(ticket_id)
            if ticket is None or ticket.status in (*FINISHED, *GONE):
                return Result(outcome="unchanged", reason="the ticket is finished, or does not exist")
            return Result(outcome="unchanged", reason="it is on hold") if ticket.status == ON_HOLD else None

        def act() -> Result:
            self._context.usedesk().set_status(ticket_id, ON_HOLD)
            self._reading.forget(ticket_id)
            return Result()

        self._context.actions.do(Action(why, "put_on_hold", ticket_id, intent=ON_HOLD, already=stands), act)

    def answer_in(self, ticket_id: str, since: datetime, asked_by: Collection[str | None]) -> tuple[str, str] | None:
        """Return who answered in a department's ticket since then, and the text; `None` if only the askers wrote."""
        ticket = self.read(ticket_id)
        if ticket is None:
            return None
        for comment in ticket.comments:
            theirs = comment.role == "client" or (comment.role == "agent" and comment.author not in (None, *asked_by))
            late = comment.since(since) and not comment.first
            if theirs and late and judge(self._context.config.answers, comment.text).is_answer:
                return comment.author or "client", comment.text
        return ("agent", "") if ticket.status in FINISHED else None

    def has_answered(self, ticket_id: str, since: datetime) -> bool:
        """Whether an agent has written a public comment since a moment."""
        ticket = self.read(ticket_id)
        written = [one for one in ticket.comments if one.public and one.role == "agent"] if ticket else []
        return any(one.since(since) for one in written)

    def account_for(self, event: StrayEvent) -> None:
        """Record a comment that a stalled worker wrote after losing its delivery.

        It cannot be deleted in Usedesk, and must not be taken for the effect of another action with the same text.
        """
        action = Action(OWN, "account_for_comment", event.ticket_id, intent=event.message)
        self._context.actions.note(action, Result({"id": event.message}, reason="the same stands there twice"))

    def _watched(self, action: Action, ticket_id: str) -> Action:
        def stray(connection: sa.Connection, done: Result | None, key: str) -> None:
            if done is not None:
                about = {"of": "message", "rule": action.why, "verb": action.name, "ticket_source": SYSTEM}
                self._context.leave_word(connection, key, ticket_id=ticket_id, message=done.value["id"], **about)

        return replace(action, stray=stray)

    def stands(self, ticket_id: str, text: str) -> bool:
        """Whether there is a private comment of the bot with this text that no action has accounted for."""
        return self._comments.find(ticket_id, Words(text)) is not None

    def _write(self, action: Action, ticket_id: str, words: Words) -> str:
        return self._comments.write(ticket_id, _shown(words))

    def _find(self, ticket_id: str, words: Words) -> str | None:
        return self._comments.find(ticket_id, _shown(words))


def _shown(words: Words) -> Words:
    """Return the message as it is shown: a draft is private, and its heading says that it is one."""
    return replace(words, text=f"{words.heading}\n\n{words.text}", public=False) if words.draft else words
