"""Mass failures that a lead has opened (R-24): which tickets are of one. They stand in the store, not in a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from config.fields import Strict, Text
from config.names import Names
from config.phrases import Phrases, Word


class Incident(Strict):
    """An open failure: its number, name and master issue, and by what its tickets are known.

    `keywords` are phrases as in `phrases.yml`, `topics` names of a Type, «Type: Subtype», direction, category or
    topic. An empty list narrows nothing.
    """

    id: int
    name: Text
    issue_key: Text
    keywords: tuple[Text, ...] = ()
    topics: tuple[Text, ...] = ()

    def is_of(self, names: Iterable[str], words: Sequence[Word]) -> bool:
        """Whether a ticket with topics of these names, and these words of its client, is of the failure."""
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
