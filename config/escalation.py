"""`escalation.yml`: which line a customer's chat goes to (T-9), and the phrases by which its topic is recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from config.faults import Steps
from config.fields import Duration, Strict, Text
from config.jira import Id
from config.named import Named, spellings
from config.names import Names
from config.phrases import Group, Phrase, Phrases, Sure, Word, sum_up
from config.rules import RuleId

Need = Literal["badge", "person", "company", "no_right"]
Delivery = Literal["express", "ds_mini", "flex"]


class SupportLine(Strict):
    """A line of support; `reason` is what is chosen in WebCRM, `rule` the one by which chats go there."""

    reason: Text
    aliases: tuple[Text, ...] = ()
    rule: RuleId


class EscalationRow(Strict):
    """A row of T-9: chats on one of `topics` (if empty: on any except `besides`) go to `line`, if `needs` holds."""

    line: Id
    topics: tuple[Id, ...] = ()
    besides: tuple[Id, ...] = ()
    needs: Need | None = None

    def speaks_of(self, topic: str | None) -> bool:
        """Return whether a topic belongs to this row; a row for all topics also takes a chat of unknown topic."""
        return topic in self.topics if self.topics else topic not in self.besides


class Forbidden(Strict):
    """A line that these topics never go to, whatever was chosen (E-09)."""

    topics: tuple[Id, ...]
    line: Id
    rule: RuleId


class Spoken(Group):
    """Phrases of a topic; with `beside` they count only in a message that also has a phrase of these `mentions`."""

    beside: Id | None = None


class Subject(Named):
    """What a chat may be about; `order`: it is about an order, so the way of delivery matters."""

    order: bool = False
    phrases: tuple[Spoken, ...] = ()


class Packages(Strict):
    """The CRM's words for ways of delivery, and what tells the way where there is no such word (E-31, E-52)."""

    express: tuple[Text, ...] = ()
    ds_mini: tuple[Text, ...] = ()
    flex: tuple[Text, ...] = ()
    rfbs: tuple[Text, ...] = ()
    mini_warehouse: Text = "FRESH_MINI_"
    mini_minutes: int = 15
    flex_minutes: int = 120

    def delivery(self, called: str | None, warehouse: str | None, minutes: int | None) -> Delivery | None:
        """Return how a package is delivered; None for an ordinary delivery, or when it is unknown."""
        name = self._names.find(called)
        if (warehouse or "").upper().startswith(self.mini_warehouse.upper()):
            return "ds_mini"
        if name == "rfbs":
            return "flex" if minutes is not None and minutes <= self.flex_minutes else None
        if minutes is not None and minutes <= self.mini_minutes:
            return "ds_mini"
        return name if name in ("express", "ds_mini", "flex") else None  # type: ignore[return-value]

    @cached_property
    def _names(self) -> Names:
        kinds = ("express", "ds_mini", "flex", "rfbs")
        return Names((kind, word) for kind in kinds for word in getattr(self, kind))


class Countdown(Strict):
    """How long an escalation may take (E-02), from when the chat is assigned or its topic recognised (C-18)."""

    limit: Duration = timedelta(minutes=3)
    start: Literal["assigned", "recognised"] = "assigned"


class EscalationConfig(Strict):
    """All of `escalation.yml`; its own comments say what the keys mean."""

    threshold: Sure = 0.6
    close: Sure = 0.1
    lines: dict[Id, SupportLine] = Field(default_factory=dict)
    rows: tuple[EscalationRow, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    own: dict[Id, RuleId] = Field(default_factory=dict)
    badges: tuple[Text, ...] = ()
    skills: tuple[Text, ...] = ()
    orgs: tuple[Text, ...] = ()
    permissions: tuple[Text, ...] = ()
    comment: Annotated[int, Field(ge=0)] = 10
    countdown: Countdown = Countdown()
    bank_category: Text = "Финансовые сервисы - Ozon Банк - Общие условия"
    packages: Packages = Packages()
    mentions: dict[Id, tuple[Phrase, ...]] = Field(default_factory=dict)
    nothing: tuple[Phrase, ...] = ()
    topics: dict[Id, Subject] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        _all_in(self.lines, (*(row.line for row in self.rows), *(pair.line for pair in self.forbidden)))
        named = [topic for row in self.rows for topic in (*row.topics, *row.besides)]
        _all_in(self.topics, (*named, *self.own, *(topic for row in self.forbidden for topic in row.topics)))
        _all_in(self.mentions, (group.beside for one in self.topics.values() for group in one.phrases if group.beside))
        return self

    def topic_of(self, levels: Sequence[str]) -> str | None:
        """Return the topic that a CRM's topic means, by the lowest of its levels that the table knows."""
        return next((found for level in reversed(levels) if (found := self._topic_names.find(level))), None)

    def line_of(self, reason: str | None) -> str | None:
        """Find a line by its id or any spelling of its reason."""
        return self._line_names.find(reason)

    def topics_in(self, words: Sequence[Word]) -> dict[str, float]:
        """Return the confidence (0…1) that the phrases of a message give each topic, the highest first."""
        mentioned = {hit.owner for hit in self._mentions.find(words)}
        mute = {owner for owner, beside in self._beside.items() if beside not in mentioned}
        hits = [hit for hit in self._phrases.find(words, mute) if hit.owner != _NOTHING]
        told = sum_up(hit.of(hit.owner.partition(_WITH)[0]) for hit in hits)
        return dict(sorted(told.items(), key=lambda pair: -pair[1]))

    def lists(self) -> Iterator[tuple[Steps, tuple[str, ...]]]:
        """Yield each list of phrases with its place."""
        yield ("nothing",), self.nothing
        for name, phrases in self.mentions.items():
            yield ("mentions", name), phrases
        for name, topic in self.topics.items():
            for number, group in enumerate(topic.phrases):
                yield ("topics", name, "phrases", number, "phrases"), group.phrases

    @cached_property
    def _phrases(self) -> Phrases:
        rows = [(_NOTHING, 1.0, phrase) for phrase in self.nothing]
        for name, topic in self.topics.items():
            for group in topic.phrases:
                rows += [(_owner(name, group), group.sure, phrase) for phrase in group.phrases]
        return Phrases(rows)

    @cached_property
    def _beside(self) -> dict[str, str]:
        groups = [(name, group) for name, topic in self.topics.items() for group in topic.phrases]
        return {_owner(name, group): group.beside for name, group in groups if group.beside}

    @cached_property
    def _mentions(self) -> Phrases:
        return Phrases((name, 1.0, phrase) for name, phrases in self.mentions.items() for phrase in phrases)

    @cached_property
    def _topic_names(self) -> Names:
        return Names(spellings(self.topics))

    @cached_property
    def _line_names(self) -> Names:
        return Names((name, text) for name, line in self.lines.items() for text in (line.reason, *line.aliases, name))


_NOTHING, _WITH = "nothing", "\n"


def _owner(topic: str, group: Spoken) -> str:
    """Return the owner of a group's phrases: the topic, joined with what must be mentioned beside them."""
    return f"{topic}{_WITH}{group.beside or ''}"


def _all_in(table: Mapping[str, object], names: Iterable[str]) -> None:
    for name in names:
        if name not in table:
            raise PydanticCustomError("escalation_name", "unknown", {"name": name, "known": ", ".join(table)})
