"""The words that the bot writes into tickets, whichever CRM they are in: notes to the agent, replies to the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from desk.gates import Refused
from desk.journal import Done, Verb
from desk.surroundings import Surroundings
from store import ledger

NOT_FOUND = 404
Stop = Callable[[], str | None]
"""Asked right before something is sent: why it is not to be sent any more, None: it is."""


@dataclass(frozen=True)
class Telling:
    """A note of `crm_templates/notes.yml` and its values. `optional`: a ticket that there is not is no fault.

    `also` goes into the store together with the verb's end. `reminds`: it goes before notes that only inform.
    `warns`: to warn is all that it does, so it is written in the mode warn too.
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
    """Words to the client: sent, or a draft for the agent. `also` gets the message's id; `remark` goes into the ledger.

    `heading` stands over a draft where a CRM knows no drafts.
    """

    text: str
    send: bool
    heading: str
    also: Callable[[sa.Connection, str], None] = field(compare=False)
    unless: Stop = lambda: None
    remark: str | None = None


@dataclass(frozen=True)
class Words:
    """A message as a CRM gets it; `draft` of a public one waits for an agent.

    `first`: where calls are scarce it goes before others.
    """

    text: str
    public: bool = False
    draft: bool = False
    heading: str = ""
    first: bool = False


class TicketVerbs:
    """What can be said in a ticket. Each CRM says how it is written, and found again after an unknown outcome."""

    source: str

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def note(self, ticket_id: str, name: str, *, why: str, **values: object) -> None:
        """Write an internal note to the agent, a text of `crm_templates/notes.yml`."""
        self.tell(ticket_id, Telling(name, values), why=why)

    def has_noted(self, delivery: str, name: str, *, why: str) -> bool:
        """Whether another delivery (source/id) has written this note."""
        with self._around.reading() as connection:
            return any(ledger.results_of(connection, delivery, why, f"note_{name}"))

    def tell(self, ticket_id: str, telling: Telling, *, why: str, possible: bool = True) -> bool:
        """Write an internal note; whether it was written."""
        text = self._around.templates.note(telling.name, **telling.values)
        verb = Verb(
            why, f"note_{telling.name}", ticket_id, intent=text, possible=possible, is_warning=telling.warns,
            unless=telling.unless,
        )  # fmt: skip
        words = Words(text, first=telling.reminds)

        def act() -> Done:
            try:
                return written(self._write(verb, ticket_id, words))
            except Refused as refused:
                if not telling.optional or refused.trouble.status != NOT_FOUND:
                    raise
                return Done(outcome="refused", reason=refused.reason)

        def written(message: str) -> Done:
            return Done({"id": message}, also=telling.also)

        def find(_begun_at: datetime) -> Done | None:
            found = self._find(ticket_id, words)
            return written(found) if found else None

        return bool(self._around.journal.do(self._watched(verb, ticket_id), act, find))

    def reply(self, ticket_id: str, reply: Reply, *, why: str, possible: bool = True) -> bool:
        """Send words to the client, or write them as a draft; whether that was done."""
        verb = Verb(why, "reply_to_client", ticket_id, intent=reply.text, possible=possible, unless=reply.unless)
        words = Words(reply.text, public=True, draft=not reply.send, heading=reply.heading, first=True)

        def act() -> Done:
            return written(self._write(verb, ticket_id, words))

        def written(message: str) -> Done:
            def also(connection: sa.Connection) -> None:
                reply.also(connection, message)

            return Done({"id": message, "sent": reply.send}, reason=reply.remark, also=also)

        def find(_begun_at: datetime) -> Done | None:
            found = self._find(ticket_id, words)
            return written(found) if found else None

        return bool(self._around.journal.do(self._watched(verb, ticket_id), act, find))

    def _watched(self, verb: Verb, ticket_id: str) -> Verb:
        """The verb, where a message that is written twice must be seen to."""
        return verb

    def _write(self, verb: Verb, ticket_id: str, words: Words) -> str:
        """Write a message; its id."""
        raise NotImplementedError

    def _find(self, ticket_id: str, words: Words) -> str | None:
        """The id of a message that an earlier try has written; None where a repeat has no second effect."""
        raise NotImplementedError
