"""What a client's words are: as the CRM calls them, else as they look. What only looks so never blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config import Config
from config.resolutions import Label
from desk.phrases import judge
from events import Message

JUDGED = 600  # characters of the newest messages that are judged: some milliseconds, however long the ticket is


@dataclass(frozen=True)
class ClientMessages:
    """`told`: the CRM said so; `seems`: it looks so. `any`: whether the client said anything."""

    any: bool
    told: frozenset[Label]
    seems: frozenset[Label]

    @property
    def only_courtesy(self) -> bool:
        """«Спасибо!», «Ок» and nothing else (R-30, C-12)."""
        return self.any and (self.told | self.seems) == {"courtesy"}


def listen(messages: Sequence[Message], config: Config) -> ClientMessages:
    """What messages are; a mere courtesy beside anything else is no courtesy any more (C-12)."""
    told: set[Label] = set()
    seems: set[Label] = set()
    bare, left = True, JUDGED
    for message in reversed(messages):
        known = config.resolutions.label(message.kind)
        kinds: set[Label] = set()
        if known in (None, "thanks") and left:
            kinds = {one.kind for one in judge(config.phrases, message.text[:left]).kinds}
            left = max(left - len(message.text), 0)
        bare = bare and (known == "courtesy" or kinds == {"courtesy"})
        if known is not None:
            told.add(known)
        else:
            seems |= kinds
    if messages and bare:
        return ClientMessages(any=True, told=frozenset(), seems=frozenset({"courtesy"}))
    return ClientMessages(bool(messages), frozenset(told - {"courtesy"}), frozenset(seems - told - {"courtesy"}))
