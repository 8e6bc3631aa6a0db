"""Phrases that tell what a message is about: their notation in the tables, and how they are found in a text.

A phrase is a row of words; `верн*` allows any ending, `*йте` any beginning, `…` up to three words between; `^` in front
means the beginning of a clause, `?` a question mark, `http` a link.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from config.faults import Steps
from config.fields import Strict, Text
from config.names import fold

ANY, GAP, START, ASKS, LINK = "*", "…", "^", "?", "http"
_GAP_WORDS = 3
_COURTESY_WORDS = 3  # at most, in a phrase of courtesy (C-12)
_PART = re.compile(r"\^?(?:\*?[\w-]+|[\w-]+\*|\?)")


def _well_formed(phrase: str) -> str:
    parts = phrase.split()
    inner = [part for part in parts if part != GAP]
    if GAP in (parts[0], parts[-1]) or not all(_PART.fullmatch(part) for part in inner):
        raise PydanticCustomError("phrase_form", "not a phrase", {"value": phrase})
    if any(part.startswith(START) for part in parts[1:]):
        raise PydanticCustomError("phrase_form", "not a phrase", {"value": phrase})
    return phrase


def _courteous(phrase: str) -> str:
    if len(phrase.split()) > _COURTESY_WORDS:
        raise PydanticCustomError("courtesy_long", "too long", {"most": _COURTESY_WORDS})
    return phrase


Phrase = Annotated[Text, AfterValidator(_well_formed)]
Courtesy = Annotated[Phrase, AfterValidator(_courteous)]
Sure = Annotated[float, Field(gt=0, lt=1)]


class Group(Strict):
    """Phrases that indicate the same thing with the same confidence, `sure` (between 0 and 1)."""

    sure: Sure
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class Word:
    """A word of a message, folded; `starts`: it is the first of its clause."""

    text: str
    starts: bool = False


@dataclass(frozen=True)
class Hit:
    """A phrase found in a message, from word `begin` up to but not including word `end`."""

    owner: str
    phrase: str
    sure: float
    begin: int
    end: int

    def of(self, owner: str) -> Hit:
        """Return the same hit for another owner."""
        return replace(self, owner=owner)


@dataclass(frozen=True)
class _Compiled:
    owner: str
    phrase: str
    sure: float
    starts: bool
    rest: tuple[str, ...]

    @cached_property
    def next(self) -> str | None:
        """The exact word that must come next; None when there is none, or it is a gap or has a `*`."""
        plain = bool(self.rest) and self.rest[0] != GAP and ANY not in self.rest[0]
        return self.rest[0] if plain else None

    def end(self, words: Sequence[Word], at: int) -> int | None:
        """Return where the phrase ends if its first word is at `at`; None if the phrase is not there."""
        return None if self.starts and not words[at].starts else _end(self.rest, words, at + 1)


class Phrases:
    """Finds all phrases of a table in one pass over a message's words."""

    def __init__(self, rows: Iterable[tuple[str, float, str]]) -> None:
        """Compile rows of (owner, confidence, phrase)."""
        self._exact: dict[str, list[_Compiled]] = {}
        self._begins: dict[int, dict[str, list[_Compiled]]] = {}
        self._ends: dict[int, dict[str, list[_Compiled]]] = {}
        for owner, sure, phrase in rows:
            parts = tuple(part if part == GAP else _folded(part) for part in phrase.removeprefix(START).split())
            self._slot(parts[0]).append(_Compiled(owner, phrase, sure, phrase.startswith(START), parts[1:]))

    def find(self, words: Sequence[Word], unless: Collection[str] = ()) -> list[Hit]:
        """Return the phrases that a message has, except those of owners in `unless` and those inside a longer one."""
        hits = [hit for at in range(len(words)) for hit in self._at(words, at) if hit.owner not in unless]
        return list(_outermost(hits))

    def _slot(self, first: str) -> list[_Compiled]:
        bare = first.strip(ANY)
        if first == bare:
            return self._exact.setdefault(bare, [])
        index = self._begins if first.endswith(ANY) else self._ends
        return index.setdefault(len(bare), {}).setdefault(bare, [])

    def _at(self, words: Sequence[Word], at: int) -> Iterator[Hit]:
        after = words[at + 1].text if at + 1 < len(words) else None
        for compiled in self._candidates(words[at].text):
            if compiled.next is not None and compiled.next != after:
                continue  # rules most phrases out without the cost of a call
            end = compiled.end(words, at)
            if end is not None:
                yield Hit(compiled.owner, compiled.phrase, compiled.sure, at, end)

    def _candidates(self, word: str) -> Iterator[_Compiled]:
        yield from self._exact.get(word, ())
        for length, rows in self._begins.items():
            yield from rows.get(word[:length], ())
        for length, rows in self._ends.items():
            yield from rows.get(word[-length:], ())


def _outermost(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Leave out hits inside a longer phrase: «не хватает времени» overrides «не хватает»."""
    widest: Hit | None = None
    for hit in sorted(hits, key=lambda hit: (hit.begin, -hit.end)):
        if widest and (widest.end > hit.end or (widest.end == hit.end and widest.begin < hit.begin)):
            continue
        if widest is None or hit.end > widest.end:
            widest = hit
        yield hit


def _end(parts: tuple[str, ...], words: Sequence[Word], at: int) -> int | None:
    for number, part in enumerate(parts):
        if part == GAP:
            rest = parts[number + 1 :]
            ends = (_end(rest, words, at + gap) for gap in range(_GAP_WORDS + 1))
            return next((end for end in ends if end is not None), None)
        if at >= len(words) or not _same(part, words[at].text):
            return None
        at += 1
    return at


def _same(part: str, word: str) -> bool:
    if part.endswith(ANY):
        return word.startswith(part[:-1])
    return word.endswith(part[1:]) if part.startswith(ANY) else word == part


def _folded(part: str) -> str:
    if part == ASKS:
        return part
    first, last = part.startswith(ANY), part.endswith(ANY)
    return ANY * first + fold(part.strip(ANY)).replace(" ", "") + ANY * last


def sum_up(hits: Iterable[Hit]) -> Mapping[str, float]:
    """Combine the confidence of all phrases of each owner; a phrase that is found twice counts once."""
    doubt: dict[str, float] = {}
    seen = set()
    for hit in hits:
        if (hit.owner, hit.phrase) not in seen:
            seen.add((hit.owner, hit.phrase))
            doubt[hit.owner] = doubt.get(hit.owner, 1.0) * (1 - hit.sure)
    return {owner: 1 - left for owner, left in doubt.items()}


class Judging(Strict):
    """All of `phrases.yml`: what a message is (R-08, R-09, R-30, R-33, R-35).

    `courtesy`: phrases of at most three words each; a message that consists only of them, and of phrases that may be
    `beside` them, is courtesy (C-12).
    `nothing`: phrases that only look like one of the others.
    """

    threshold: Sure = 0.6
    courtesy: tuple[Courtesy, ...] = ()
    beside: tuple[Phrase, ...] = ()
    nothing: tuple[Phrase, ...] = ()
    question: tuple[Group, ...] = ()
    complaint: tuple[Group, ...] = ()
    wish: tuple[Group, ...] = ()
    spam: tuple[Group, ...] = ()

    def lists(self) -> Iterator[tuple[Steps, tuple[str, ...]]]:
        """Yield each list of phrases with its place."""
        for name in ("courtesy", "beside", "nothing"):
            yield (name,), getattr(self, name)
        for name in KINDS:
            for number, group in enumerate(getattr(self, name)):
                yield (name, number, "phrases"), group.phrases

    @cached_property
    def kinds(self) -> Phrases:
        """All phrases except those of courtesy, by what they indicate."""
        rows = [
            (name, group.sure, phrase) for name in KINDS for group in getattr(self, name) for phrase in group.phrases
        ]
        return Phrases([*rows, *(("nothing", 1.0, phrase) for phrase in self.nothing)])

    @cached_property
    def polite(self) -> Phrases:
        """The phrases of courtesy, and those that may be beside them."""
        return Phrases((name, 1.0, phrase) for name in ("courtesy", "beside") for phrase in getattr(self, name))


KINDS = ("question", "complaint", "wish", "spam")
