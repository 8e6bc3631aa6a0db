"""Where a ticket came from: channels and their kinds by all spellings (T-2, W-03, C-22)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from config.fields import matching
from config.jira import Id
from config.named import Named, spellings
from config.names import Names, match_key

Place = Annotated[str, AfterValidator(matching(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)?", "place"))]
"""A channel («chat») or one of its kinds («review.yandex»)."""


class Channel(Named):
    """A channel and the kinds of tickets that come by it."""

    kinds: dict[Id, Named] = Field(default_factory=dict)


@dataclass(frozen=True)
class TicketKind:
    """The ids of a channel and a kind of ticket; None for one that the ticket does not name or the table lacks."""

    channel: str | None
    kind: str | None

    def lies_in(self, places: tuple[Place, ...]) -> bool | None:
        """Return whether it is one of these places; None when too little is known to tell."""
        if self.channel is None:
            return None
        whole = f"{self.channel}.{self.kind}"
        if self.channel in places or (self.kind is not None and whole in places):
            return True
        open_question = self.kind is None and any(place.startswith(f"{self.channel}.") for place in places)
        return None if open_question else False


class Channels:
    """A lookup of ticket kinds by a ticket's two texts, or by one that holds both («Чат - Обычный»)."""

    def __init__(self, table: Mapping[str, Channel]) -> None:
        self._channels = Names([*_ids(table), *spellings(table)])
        self._kinds = {name: Names([*_ids(row.kinds), *spellings(row.kinds)]) for name, row in table.items()}
        self._whole = dict(_whole(table))

    def find(self, channel: str | None, kind: str | None) -> TicketKind:
        """Find the channel and the kind."""
        for text in (f"{channel or ''} {kind or ''}", channel or "", kind or ""):
            found = self._whole.get(match_key(text))
            if found is not None:
                return found
        name = self._channels.find(channel)
        return TicketKind(name, self._kinds[name].find(kind) if name else None)


def _ids(table: Mapping[str, Named]) -> list[tuple[str, str]]:
    return [(name, name) for name in table]


def _whole(table: Mapping[str, Channel]) -> Iterator[tuple[str, TicketKind]]:
    for name, row in table.items():
        for kind, spelling in spellings(row.kinds):
            for channel in (row.name, *row.aliases, name):
                yield match_key(f"{channel} {spelling}"), TicketKind(name, kind)
