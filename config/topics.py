"""The topics of tickets (R-01): the tree, which of Fintech's may be used, and which are about documents or orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field

from config.fields import Strict, Text
from config.names import Names, match_key

_PARTS = re.compile(r"\s+[-–—]\s+|[>→,]")  # separates the levels of a topic that is one text
Tree = dict[Text, dict[Text, tuple[Text, ...]]]
"""Direction → category → topics."""


@dataclass(frozen=True)
class ChosenTopic:
    """A ticket's topic: its levels as written, from the direction down."""

    levels: tuple[str, ...]

    @property
    def text(self) -> str:
        """The topic the way people write it."""
        return " – ".join(self.levels)


class Topics(Strict):
    """The tree of topics in two halves, `general` and `fintech`; an empty half is unknown and checks nothing.

    `fintech_used`: Fintech's topics that may be used nevertheless (R-02, C-09); `documents`: those about legal
    entities' documents (R-18); `about_orders`: topics, categories or directions whose tickets need an order's number
    (R-05); `not_added`: what a form shows in place of a topic that is not set (R-51).
    """

    not_added: tuple[Text, ...] = ()
    general: Tree = Field(default_factory=dict)
    fintech: Tree = Field(default_factory=dict)
    fintech_used: tuple[Text, ...] = ()
    documents: tuple[Text, ...] = ()
    about_orders: tuple[Text, ...] = ()

    def chosen(self, topics: Iterable[tuple[str, ...]]) -> list[ChosenTopic]:
        """Return a ticket's topics without those that only say that none is set (R-51)."""
        made = [ChosenTopic(_levels(levels)) for levels in topics]
        return [topic for topic in made if topic.levels and match_key(topic.text) not in self._none]

    def is_fintech(self, topic: ChosenTopic) -> bool:
        """Return whether a topic is one of Fintech's that may not be used (R-02)."""
        return self._fintech.find(topic.levels[0]) is not None and self._used.find(topic.text) is None

    def is_known(self, topic: ChosenTopic) -> bool:
        """Return whether the tree has a topic; True for any topic of Fintech, or when `general` is empty (R-01)."""
        return not self.general or self._tree.find(topic.text) is not None or self._fintech_tree(topic)

    def is_about_documents(self, names: Iterable[str]) -> bool:
        """Return whether one of these topics is about legal entities' documents (R-18)."""
        return any(self._documents.find(name) for name in names)

    def is_about_order(self, names: Iterable[str]) -> bool:
        """Return whether one of these topics is about an order (R-05)."""
        return any(self._orders.find(name) for name in names)

    def _fintech_tree(self, topic: ChosenTopic) -> bool:
        return self._fintech.find(topic.levels[0]) is not None

    @cached_property
    def _none(self) -> frozenset[str]:
        return frozenset(map(match_key, self.not_added))

    @cached_property
    def _tree(self) -> Names:
        return Names((name, name) for name in _names(self.general))

    @cached_property
    def _fintech(self) -> Names:
        """A lookup of Fintech's topics by direction, or by the whole name where it is one text."""
        starts = [*self.fintech, *_names(self.fintech), *self.fintech_used]
        return Names((name, name) for name in starts)

    @cached_property
    def _used(self) -> Names:
        return Names((name, name) for name in self.fintech_used)

    @cached_property
    def _documents(self) -> Names:
        return Names((name, name) for name in self.documents)

    @cached_property
    def _orders(self) -> Names:
        return Names((name, name) for name in self.about_orders)


def _levels(texts: tuple[str, ...]) -> tuple[str, ...]:
    parts = _PARTS.split(texts[0]) if len(texts) == 1 else texts
    return tuple(part.strip() for part in parts if match_key(part))


def _names(tree: Tree) -> Iterator[str]:
    for direction, categories in tree.items():
        for category, topics in categories.items():
            yield from (f"{direction} {category} {topic}" for topic in topics)
