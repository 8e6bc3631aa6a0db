"""What kind of messages a client wrote: as the CRM calls them, else as they look. The latter never blocks a closing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config import Config
from config.resolutions import Label
from desk.phrases import judge
from events import Message

JUDGED = 600  # characters of the newest messages that are judged, which takes milliseconds for any ticket


@dataclass(frozen=True)
class ClientMessages:
    """The labels of a client's messages: `told` by the CRM, or `seems` so. `any`: whether there are any messages."""

    any: bool
    told: frozenset[Label]
    seems: frozenset[Label]

    @property
    def only_courtesy(self) -> bool:
        """«Спасибо!», «Ок» and nothing else (R-30, C-12)."""
        return self.any and (self.told | self.seems) == {"courtesy"}


def listen(messages: Sequence[Message], config: Config) -> ClientMessages:
    """Label messages; courtesy counts only when there is nothing else (C-12)."""
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
