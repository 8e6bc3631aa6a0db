"""Comments of the bot's agent in Usedesk, and how one is found again after an unknown outcome.

Usedesk knows no idempotency key, gives comments no properties, and a mark in the text would be shown to people.
So a comment is known by its words, its kind and its author, and by whether the ledger knows it already: each comment
that the bot has accounted for stands there with its number. What nobody accounted for is the lost effect.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from desk.surroundings import Surroundings
from desk.usedesk.words import to_text
from store import ledger

# How much earlier than the delivery was taken up its comments may seem to be written: another clock, a zone not yet
# known. It only keeps out the same words of long ago, whose row the ledger has forgotten.
SLACK = timedelta(days=1)


class Comments:
    """Writes comments as the bot's agent, private unless `public`, and finds them again."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def write(self, ticket_id: str, text: str, *, public: bool = False) -> str:
        """Write a comment; its number."""
        return self._around.usedesk().comment(ticket_id, text, public=public)

    def find(self, ticket_id: str, text: str, *, public: bool = False) -> str | None:
        """The number of a comment with these words (but for blanks) that no verb has accounted for."""
        usedesk = self._around.usedesk()
        wanted = (text.split(), "public" if public else "private", usedesk.agent_id)
        alike = [one for one in usedesk.ticket(ticket_id).get("comments") or [] if _read(one) == wanted]
        with self._around.reading() as connection:
            known = {one.get("id") for one in ledger.results(connection, ticket_id) if isinstance(one, dict)}
        since = self._around.now - SLACK
        numbers = (str(one["id"]) for one in alike if _moment(one.get("published_at")) >= since)
        return next((number for number in numbers if number not in known), None)


def _read(comment: dict[str, Any]) -> tuple[list[str], Any, str]:
    return to_text(str(comment.get("message"))).split(), comment.get("type"), str(comment.get("user_id"))


def _moment(value: Any) -> datetime:
    """Usedesk's date, UTC without a zone; one that cannot be read counts as just now, or a text would be said twice."""
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
