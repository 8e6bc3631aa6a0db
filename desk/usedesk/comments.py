"""Comments of the bot's agent in Usedesk, and how one is found again after an unknown outcome.

Usedesk knows no idempotency key, gives comments no properties, and a mark in the text would be shown to people.
So a comment is known by its words, its kind and its author, and by whether the ledger knows it already: each comment
that the bot has accounted for stands there with its number. What nobody accounted for is the lost effect.
"""

from __future__ import annotations

from datetime import timedelta

from desk.surroundings import Surroundings
from desk.usedesk.reading import Reading
from store import ledger

# How much earlier than the delivery was taken up its comments may seem to be written: another clock, a zone not yet
# known. It only keeps out the same words of long ago, whose row the ledger has forgotten.
SLACK = timedelta(days=1)


class Comments:
    """Writes comments as the bot's agent, private unless `public`, and finds them again."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._reading = Reading(around)

    def write(self, ticket_id: str, text: str, *, public: bool = False) -> str:
        """Write a comment; its number."""
        return self._around.usedesk().comment(ticket_id, text, public=public)

    def find(self, ticket_id: str, text: str, *, public: bool = False) -> str | None:
        """The number of a comment with these words (but for blanks) that no verb has accounted for.

        A comment without a date that can be read counts as just now, or its words would be said twice.
        """
        ticket = self._reading.read(ticket_id)
        with self._around.reading() as connection:
            known = {one.get("id") for one in ledger.results(connection, ticket_id) if isinstance(one, dict)}
        since, words = self._around.now - SLACK, text.split()
        for one in ticket.comments if ticket else ():
            mine = one.author == self._reading.own and one.public is public and one.text.split() == words
            if mine and one.id not in known and (one.at is None or one.at >= since):
                return one.id
        return None
