"""`duplicates.yml`: when two tickets of a seller or client ask the same (W-09…W-16, R-43, R-44, C-03)."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import Annotated

from pydantic import Field

from config.fields import Duration, Strict, Text
from config.names import match_key, normalise
from config.phrases import ASKS, GAP, Phrase, Phrases

Share = Annotated[float, Field(ge=0, le=1)]


class Weights(Strict):
    """What each similarity adds to a pair's score; `other_number` is subtracted where their numbers differ."""

    number: Share = 0.5
    topic: Share = 0.3
    text: Share = 0.4
    other_number: Share = 0.5


class Texts(Strict):
    """When two tickets' texts are similar: from `least` (0…1) on, each with `words` or more not in `ignore`."""

    least: Share = 0.75
    words: Annotated[int, Field(ge=1, le=50)] = 3
    ignore: tuple[Text, ...] = ()


class Duplicates(Strict):
    """All of `duplicates.yml`.

    A ticket is compared with the `most` newest ones of the same seller or client that had an event `within` this time.
    From the score `threshold` (0…1) on they ask the same. `working`, `closed`: the CRM's names of these statuses.
    `notice`: phrases by which a message says that two tickets were merged (W-16). `repeats`: how long tickets are kept
    to notice repeated contacts (R-27).
    """

    within: Duration = timedelta(days=14)
    most: Annotated[int, Field(ge=1, le=200)] = 50
    repeats: Duration = timedelta(days=30)
    crm_list: bool = True
    working: tuple[Text, ...] = ("В работе",)
    closed: tuple[Text, ...] = ("Закрыт",)
    notice: tuple[Phrase, ...] = ()
    threshold: Share = 0.6
    weights: Weights = Weights()
    texts: Texts = Texts()

    @property
    def kept(self) -> timedelta:
        """How long a ticket is kept after its last event."""
        return max(self.within, self.repeats)

    def is_working(self, status: str | None) -> bool:
        """Return whether somebody works on a ticket with this status (W-13)."""
        return match_key(status or "") in self._working

    def is_closed(self, status: str | None) -> bool:
        """Return whether a ticket with this status is closed."""
        return match_key(status or "") in self._closed

    @cached_property
    def _working(self) -> frozenset[str]:
        return frozenset(map(match_key, self.working))

    @cached_property
    def _closed(self) -> frozenset[str]:
        return frozenset(map(match_key, self.closed))

    @cached_property
    def notices(self) -> Phrases:
        """The phrases of M-1; a phrase that is negated or asked is not a notice."""
        rows = [("notice", 1.0, phrase) for phrase in self.notice]
        denied = [("nothing", 1.0, f"не {GAP} {phrase}") for phrase in self.notice]
        return Phrases([*rows, *denied, *(("nothing", 1.0, f"{phrase} {GAP} {ASKS}") for phrase in self.notice)])

    def may_notify(self, text: str) -> bool:
        """Return whether a text may have one of those phrases: a quick test for long or many texts."""
        return bool(self.notice) and self._stems.search(text) is not None

    @cached_property
    def _stems(self) -> re.Pattern[str]:
        stems = sorted({re.escape(phrase.split()[0].strip("^*")) for phrase in self.notice})
        return re.compile("|".join(stems).replace("ё", "е").replace("е", "[её]"), re.IGNORECASE)

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The words that say nothing about what is asked."""
        return frozenset(word for text in self.texts.ignore for word in normalise(text).split())
