"""The texts that the bot writes into tickets of any CRM: notes to the agent, replies to the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from desk.actions import Action, Result
from desk.circuit_breaker import Refused
from desk.context import DeskContext
from store import ledger

NOT_FOUND = 404
Stop = Callable[[], str | None]
"""Asked right before something is sent: why it is not to be sent any more, None: it is."""


@dataclass(frozen=True)
class Telling:
    """A note of `crm_templates/notes.yml` and its values. `optional`: it is not a fault if the ticket does not exist.

    `unless` is asked right before sending. `also` is written together with the action's end. `reminds`: it takes
    precedence over notes that only inform. `warns`: it only warns, so it is written in mode `warn` too.
    """

    name: str
    values: Mapping[str, object]
    unless: Stop = lambda: None
    optional: bool = False
    reminds: bool = False
    warns: bool = False
    also: Callable[[sa.Connection], None] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Reply:
    """A text to the client: sent, or a draft for the agent.

    `heading` is put over a draft in a CRM that has no drafts. `also` gets the message's id; `remark` goes into the
    ledger.
    """

    text: str
    send: bool
    heading: str
    also: Callable[[sa.Connection, str], None] = field(compare=False)
    unless: Stop = lambda: None
    remark: str | None = None


@dataclass(frozen=True)
class Words:
    """A message as the CRM gets it; a public one with `draft` waits for an agent.

    `first`: where calls are scarce, it takes precedence over others.
    """

    text: str
    public: bool = False
    draft: bool = False
    heading: str = ""
    first: bool = False


class TicketVerbs:
    """Writing into tickets. Each CRM defines how a message is written, and found again after an unknown outcome."""

    source: str
    has_files = False  # whether its events name the addresses of clients' files, for the bot to fetch

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def note(self, ticket_id: str, name: str, *, why: str, **values: object) -> None:
        """Write an internal note to the agent, a text of `crm_templates/notes.yml`."""
        self.tell(ticket_id, Telling(name, values), why=why)

    def has_noted(self, delivery: str, name: str, *, why: str) -> bool:
        """Whether another delivery (source/id) has written this note."""
        with self._context.reading() as connection:
            return any(ledger.results_of(connection, delivery, why, f"note_{name}"))

    def tell(self, ticket_id: str, telling: Telling, *, why: str, possible: bool = True) -> bool:
        """Write an internal note; return whether it was written."""
        text = self._context.templates.note(telling.name, **telling.values)
        action = Action(
            why, f"note_{telling.name}", ticket_id, intent=text, possible=possible, is_warning=telling.warns,
            already=telling.unless,
        )  # fmt: skip

        def not_there(refused: Refused) -> Result | None:
            optional = telling.optional and refused.trouble.status == NOT_FOUND
            return Result(outcome="refused", reason=refused.reason) if optional else None

        words = Words(text, first=telling.reminds)
        return self._say(
            action, ticket_id, words, lambda message: Result({"id": message}, rows=telling.also), not_there
        )

    def reply(self, ticket_id: str, reply: Reply, *, why: str, possible: bool = True) -> bool:
        """Send a text to the client, or write it as a draft; return whether that was done."""

        def already() -> str | None:
            return self._silent(ticket_id) or reply.unless()

        action = Action(why, "reply_to_client", ticket_id, intent=reply.text, possible=possible, already=already)
        words = Words(reply.text, public=True, draft=not reply.send, heading=reply.heading, first=True)

        def written(message: str) -> Result:
            value = {"id": message, "sent": reply.send}
            return Result(value, reason=reply.remark, rows=lambda connection: reply.also(connection, message))

        return self._say(action, ticket_id, words, written)

    def _say(
        self,
        action: Action,
        ticket_id: str,
        words: Words,
        written: Callable[[str], Result],
        not_there: Callable[[Refused], Result | None] = lambda _: None,
    ) -> bool:
        """Write a message once; return whether it was written."""

        def act() -> str | Result:
            try:
                return self._write(action, ticket_id, words)
            except Refused as refused:
                end = not_there(refused)
                if end is None:
                    raise
                return end

        watched = self._watched(action, ticket_id)
        return bool(self._context.actions.do(watched, act, lambda _: self._find(ticket_id, words), written))

    def has_answered(self, ticket_id: str, since: datetime) -> bool:
        """Whether an agent has written to the client since a moment."""
        raise NotImplementedError

    def _silent(self, ticket_id: str) -> str | None:
        """Return why nobody may write to the client of this ticket now; `None` if one may."""
        return None

    def _watched(self, action: Action, ticket_id: str) -> Action:
        """Return the action, extended where a message that was written twice needs to be dealt with."""
        return action

    def _write(self, action: Action, ticket_id: str, words: Words) -> str:
        """Write a message; return its id."""
        raise NotImplementedError

    def _find(self, ticket_id: str, words: Words) -> str | None:
        """Return the id of a message that an earlier try wrote; `None` if there is none or a repeat does no harm."""
        raise NotImplementedError
