"""`holds.yml`: where a ticket on hold goes in Jira, how long it may wait, and what is no answer (W-66…W-78)."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from config.fields import Duration, Strict, Text, matching
from config.jira import ProjectKey
from config.names import match_key, normalise

WORDS = 3  # more than this is no bare courtesy (C-12)
_ACCOUNT = r"^(?!qm:)[A-Za-z0-9:_.-]{1,255}$"  # `qm:…` are customers, to whom nothing can be assigned
_ASKING = ("QUESTION MARK", "INTERROBANG")  # in the Unicode names of «?», «？», «❓», «⁉» …
Words = tuple[str, ...]


def _words(text: str) -> Words:
    """The words of a text, alphabet-blind: «OK» is «ок»."""
    return tuple(match_key(word) for word in normalise(text).split())


def _asks(text: str) -> bool:
    return any(sign in unicodedata.name(char, "") for char in text for sign in _ASKING)


def _courtesy(phrase: str) -> str:
    words = _words(phrase)
    if not words:
        raise PydanticCustomError("name_of_signs", "no word")
    if len(words) > WORDS or _asks(phrase):
        raise PydanticCustomError("courtesy", "never met", {"most": WORDS})
    return phrase


AccountId = Annotated[
    str, AfterValidator(matching(_ACCOUNT, "account_id")), WithJsonSchema({"type": "string", "pattern": _ACCOUNT})
]
Courtesy = Annotated[Text, AfterValidator(_courtesy)]


class Due(Strict):
    """How long a hold may wait, by whom it waits for, until somebody is reminded."""

    ozon: Duration
    seller: Duration
    client: Duration


class HoldTransitions(Strict):
    """Statuses of Jira whose reaching asks for the hold; None: there is no such status."""

    ozon: Text | None = None
    seller: Text | None = None

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.ozon and self.seller and match_key(self.ozon) == match_key(self.seller):
            raise PydanticCustomError("transitions_same", "one status for both", {"status": self.seller})
        return self


class Holds(Strict):
    """All of `holds.yml`.

    `project` takes the holds of tickets whose type has no project of its own; `clock_tolerance` is how far the clocks
    of WebCRM and Jira may differ (W-77); `agents` gives Jira's account of a CRM agent (W-68, W-75);
    `link_type` is the kind of link to the task that is awaited (W-53).
    """

    project: ProjectKey
    due: Due
    clock_tolerance: Duration
    agents: dict[Text, AccountId] = Field(default_factory=dict)
    unassign_in_queue: bool = False
    link_type: Text = "Relates"
    courtesies: tuple[Courtesy, ...]
    transitions: HoldTransitions = HoldTransitions()

    def is_courtesy(self, text: str) -> bool:
        """True for a bare courtesy (C-12): no question, at most three words, each part of a phrase of the list.

        Signs and emoji do not count; a text without any word is no courtesy (its attachment may be the answer).
        """
        words = _words(text)
        return 0 < len(words) <= WORDS and not _asks(text) and self._made_of_courtesies(words)

    def _made_of_courtesies(self, words: Words) -> bool:
        return not words or any(
            words[:count] in self._phrases and self._made_of_courtesies(words[count:])
            for count in range(1, len(words) + 1)
        )

    @cached_property
    def _phrases(self) -> frozenset[Words]:
        return frozenset(_words(phrase) for phrase in self.courtesies)
