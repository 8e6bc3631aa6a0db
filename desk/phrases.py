"""What a message seems to be: a question, a complaint, a wish, mere courtesy, spam (R-08, R-09, R-30, R-33, R-35).

The checks of a closing call `judge(config.phrases, message.text)`. The result is a guess («похоже») and decides
nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from config.names import fold
from config.phrases import ASKS, LINK, Judging, Phrases, Word, sum_up
from desk.answers import own_words

Kind = Literal["question", "complaint", "wish", "courtesy", "spam"]
LONGEST = 2_000  # characters of a message that are read: questions and complaints come before
_NAME = 2  # the most words in a form of address: «Спасибо, Анна Петровна!»
_COURTESY = 0.95  # confidence that a message of polite words only is courtesy
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_CLAUSE = re.compile(r"[^.!?？;:,()\n]+|[?？]")


@dataclass(frozen=True)
class JudgedKind:
    """A kind that a message seems to be, the confidence (0…1), and the table's phrases that say so."""

    kind: Kind
    sure: float
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """All that a message seems to be, most certain first: nothing, one kind, or several (question and complaint)."""

    kinds: tuple[JudgedKind, ...] = ()

    def seems(self, kind: Kind) -> JudgedKind | None:
        """Return the evidence for this kind, or `None` if the message does not seem to be of it."""
        return next((judged for judged in self.kinds if judged.kind == kind), None)


def judge(table: Judging, text: str) -> Judgement:
    """Judge one message by the phrases of `phrases.yml`: `judge(config.phrases, text).seems("question")`.

    Courtesy excludes all other kinds: the message says nothing else. Takes microseconds, however long the text is.
    """
    said = own_words(text[:LONGEST])
    if _is_courtesy(table.polite, said):
        return Judgement((JudgedKind("courtesy", _COURTESY),))
    words = read(said)
    hits = table.kinds.find(words)
    sure = sum_up(hits)
    found = []
    for kind in ("question", "complaint", "wish", "spam"):
        if sure.get(kind, 0) >= table.threshold:
            phrases = dict.fromkeys(hit.phrase for hit in hits if hit.owner == kind)
            found.append(JudgedKind(kind, round(sure[kind], 2), tuple(phrases)))
    return Judgement(tuple(sorted(found, key=lambda judged: -judged.sure)))


def read(text: str) -> list[Word]:
    """Return the words of a text in the form in which the tables' phrases are matched."""
    return [word for clause in _CLAUSE.findall(_LINK.sub(f" {LINK} ", text[:LONGEST])) for word in _words(clause)]


def _words(clause: str) -> Iterator[Word]:
    if clause in "?？":
        yield Word(ASKS)
        return
    for number, text in enumerate(fold(clause).split()):
        yield Word(text, starts=number == 0)


def _is_courtesy(polite: Phrases, said: str) -> bool:
    """Whether all clauses are polite words, or the name of the person addressed."""
    if not said or any(sign in said for sign in "?？"):
        return False
    thanked = False
    for clause in _CLAUSE.findall(said):
        owners = _covering(polite, list(_words(clause)))
        if owners is None and not (thanked and _is_name(clause)):
            return False
        thanked = thanked or "courtesy" in (owners or ())
    return thanked or _is_sign(said)


def _covering(phrases: Phrases, words: Sequence[Word]) -> set[str] | None:
    """Return the owners of the phrases that make up a clause; `None` if it contains other words too."""
    at, hits, owners = 0, phrases.find(words), set()
    while at < len(words):
        hit = max((hit for hit in hits if hit.begin == at), key=lambda hit: hit.end, default=None)
        if hit is None:
            return None
        owners.add(hit.owner)
        at = hit.end
    return owners


def _is_name(clause: str) -> bool:
    words = clause.split()
    return len(words) <= _NAME and all(word[:1].isupper() for word in words)


def _is_sign(said: str) -> bool:
    """Whether the text is only pictures, such as a thumbs up or folded hands."""
    return any(unicodedata.category(char) == "So" for char in said) and not any(char.isalnum() for char in said)
