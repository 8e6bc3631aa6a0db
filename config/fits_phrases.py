"""Checks that no list of phrases has one twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.faults import Fault, Steps
from config.names import normalise
from config.yaml_file import Document


def check_phrases(document: Document, lists: Iterable[tuple[Steps, tuple[str, ...]]]) -> Iterator[Fault]:
    """Yield faults for phrases that are in one list twice."""
    for steps, phrases in lists:
        first: dict[tuple[str, ...], Steps] = {}
        for number, phrase in enumerate(phrases):
            place: Steps = (*steps, number)
            earlier = first.setdefault(_spelt(phrase), place)
            if earlier != place:
                yield document.fault(place, "phrase_twice", value=phrase, line=document.line(earlier))


def _spelt(phrase: str) -> tuple[str, ...]:
    """Return a phrase in the form that is compared: normalised, but with its signs."""
    return tuple(normalise(part) + "".join(char for char in part if char in "*^?…") for part in phrase.split())
