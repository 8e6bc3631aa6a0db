"""Comments of the bot's agent in Usedesk, and how one is found again after an unknown outcome.

Usedesk knows no idempotency key, gives comments no properties, and a mark in the text would be shown to people.
So a comment is known by its words, its kind and its author, and by whether the ledger knows it already: each comment
that the bot has accounted for stands there with its number. What nobody accounted for is the lost effect.
"""

from __future__ import annotations

from datetime import timedelta

from desk.context import DeskContext
from desk.faults import ActionFault
from desk.tickets import Words
from desk.usedesk.limit import Level
from desk.usedesk.reading import UsedeskReading
from store import ledger

# How much earlier than the delivery was taken up its comments may seem to be written: another clock, a zone not yet
# known. It only keeps out the same words of long ago, whose row the ledger has forgotten.
SLACK = timedelta(days=1)


class Comments:
    """Writes comments as the bot's agent, private unless `public`, and finds them again."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._reading = UsedeskReading(context)

    def write(self, ticket_id: str, words: Words) -> str:
        """Write a comment; its number."""
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
        """The number of a comment with these words (but for blanks) that no action has accounted for.

        A comment without a date that can be read counts as just now, or its words would be said twice.
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
