"""Promises to clients: drafted, made when sent, kept, broken or withdrawn (U-18, U-26…U-31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher

import sqlalchemy as sa

from config.names import normalise
from desk.actions import Action, Result
from desk.calendar import WorkCalendar
from desk.context import DeskContext
from desk.interim import Interim, promised_until
from store import promises, requests
from store.promises import BROKEN, DRAFT, KEPT, MADE, Promise
from store.requests import Request

__all__ = ["DRAFT", "MADE", "Promise", "PromisesDesk"]
NEARLY = 0.85  # share of the draft's words, in order: the agent may add a greeting and change a word
MORE_WORDS = 40  # that the agent may add
WITHIN = timedelta(hours=24)


class PromisesDesk:
    """The actions on promises, and their look-ups."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def get(self, number: int) -> Promise | None:
        """Return a promise by its number."""
        with self._context.reading() as connection:
            return promises.get(connection, number)

    def of_ticket(self, source: str, ticket_id: str) -> list[Promise]:
        """Return a ticket's drafts and promises that have not ended."""
        with self._context.reading() as connection:
            return promises.alive_of_ticket(connection, source, ticket_id)

    def written(self, request: Request, interim: Interim, *, sent: bool) -> Callable[[sa.Connection, str], None]:
        """Return a function that stores a written reply: as a draft, or at once as a promise if it was sent."""
        now = self._context.now
        of = {"request": request.id, "source": request.source, "ticket_id": request.ticket_id}

        def record(connection: sa.Connection, message: str) -> None:
            values = {**of, "text_id": interim.id, "text": interim.text, "draft_id": message[:64]}
            number = promises.draft(connection, values, now)
            if sent:
                promises.make(connection, number, at=now, due_at=interim.promised_until, now=now)
            now_stands = requests.get(connection, request.id)
            if not sent and now_stands is not None and now_stands.state != requests.OPEN:
                promises.withdraw(connection, request.id, drafts_only=True, by=self._context.label, now=now)

        return record

    def is_sent_by(self, promise: Promise, text: str, draft_of: str | None) -> bool:
        """Whether a public message of the agent is this draft: by its id, or by nearly its words within 24 hours."""
        now = self._context.now
        if promise.state != DRAFT and promise.made_at != now:  # made at this moment: by an earlier run of this delivery
            return False
        if draft_of is not None:
            return draft_of == promise.draft_id
        return now - promise.drafted_at <= WITHIN and nearly(text, promise.text)

    def make(self, promise: Promise, at: datetime, *, why: str) -> None:
        """Turn a draft that the agent sent into a promise."""
        calendar = WorkCalendar(self._context.config.calendar.named())
        due_at = promised_until(promise.text_id, at, calendar)

        def record(connection: sa.Connection) -> None:
            promises.make(connection, promise.id, at=at, due_at=due_at, now=self._context.now)

        action = Action(why, "make_promise", promise.ticket_id, intent=due_at.isoformat(), before=promise.text_id)
        self._context.actions.write(action, record)

    def keep(self, kept: Sequence[Promise], *, why: str) -> None:
        """Mark promises as kept: the agent wrote to the client in time.

        All in one action: on a second run, those marked first would be missing.
        """

        def record(connection: sa.Connection) -> None:
            for promise in kept:
                promises.end(connection, promise.id, KEPT, by=self._context.label, now=self._context.now)

        action = Action(why, "keep_promises", kept[0].ticket_id, intent=KEPT, before=[one.text_id for one in kept])
        self._context.actions.write(action, record)

    def break_(self, promise: Promise, *, why: str) -> bool:
        """Mark a promise as broken: its moment passed in silence. True if this delivery did so."""

        def rows(connection: sa.Connection) -> Result:
            mine = promises.end(connection, promise.id, BROKEN, by=self._context.label, now=self._context.now)
            return Result(mine, outcome="done" if mine else "unchanged")

        action = Action(why, "break_promise", promise.ticket_id, intent=BROKEN, before=promise.text_id)
        return bool(self._context.actions.write(action, rows))


def nearly(text: str, draft: str) -> bool:
    """Whether a text says what the draft does, allowing for a greeting and a word added or changed."""
    said, wanted = normalise(text).split(), normalise(draft).split()
    blocks = SequenceMatcher(None, said, wanted, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return same >= NEARLY * len(wanted) and len(said) <= len(wanted) + MORE_WORDS
