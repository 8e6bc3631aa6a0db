"""Comments of the bot's agent in Usedesk, and how to find one after an unknown outcome.

Usedesk has no idempotency keys and no properties on comments, and people would see a mark in the text. So a comment is
recognised by its text, kind and author, and by not being in the ledger: each comment that the bot has accounted for is
there with its id. One that nobody accounted for is the lost effect.
"""

from __future__ import annotations

from datetime import timedelta

from desk.context import DeskContext
from desk.faults import ActionFault
from desk.tickets import Words
from desk.usedesk.limit import Level
from desk.usedesk.reading import UsedeskReading
from store import ledger

# How long before the delivery was taken up its comments may seem to be written: another clock, a zone not yet
# known. It only excludes the same text from long ago, whose row the ledger has deleted.
SLACK = timedelta(days=1)


class Comments:
    """Writes comments as the bot's agent, private unless `public`, and finds them again."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._reading = UsedeskReading(context)

    def write(self, ticket_id: str, words: Words) -> str:
        """Write a comment; return its id."""
        level = Level.FIRST if words.first else Level.COURTESY
        try:
            number = self._context.usedesk().comment(ticket_id, words.text, public=words.public, level=level)
        except ActionFault as fault:
            if not fault.no_effect:
                self._context.memory.forget(ticket_id)
            raise
        self._context.memory.wrote(ticket_id, self._reading.own_comment(ticket_id, number, words))
        return number

    def find(self, ticket_id: str, words: Words) -> str | None:
        """Return the id of a comment with this text (ignoring white space) that no action has accounted for.

        A comment without a readable date counts as recent, or its text would be written twice.
        """
        ticket = self._reading.read_anew(ticket_id)
        with self._context.reading() as connection:
            known = {one.get("id") for one in ledger.results(connection, ticket_id) if isinstance(one, dict)}
        since, said = self._context.now - SLACK, words.text.split()
        for one in ticket.comments if ticket else ():
            mine = one.author == self._reading.own and one.public is words.public and one.text.split() == said
            if mine and one.id not in known and (one.at is None or one.at >= since):
                return one.id
        return None
