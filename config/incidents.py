"""Mass failures that a lead has opened, and which tickets belong to them (R-24). They are in the store, not a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from config.fields import Strict, Text
from config.names import Names
from config.phrases import Phrases, Word


class Incident(Strict):
    """An open failure: its number, name and master issue, and how its tickets are recognised.

    `keywords` are phrases as in `phrases.yml`, `topics` names of a Type, «Type: Subtype», direction, category or
    topic. An empty list is no restriction, but at least one of the two must be filled.
    """

    id: int
    name: Text
    issue_key: Text
    keywords: tuple[Text, ...] = ()
    topics: tuple[Text, ...] = ()

    def is_of(self, names: Iterable[str], words: Sequence[Word]) -> bool:
        """Return whether a ticket with topics of these names and these words from its client belongs to the failure."""
        if not self.keywords and not self.topics:
            return False
        fits = not self.topics or any(self._topics.find(name) for name in names)
        return fits and (not self.keywords or bool(self._keywords.find(words)))

    @cached_property
    def _topics(self) -> Names:
        return Names((topic, topic) for topic in self.topics)

    @cached_property
    def _keywords(self) -> Phrases:
        return Phrases(("incident", 1.0, keyword) for keyword in self.keywords)
