"""`answers.yml`: phrases that are not an answer, by class (C-12, U-30)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from config.fields import Strict, Text
from config.names import match_key, normalise

Class = Literal["thanks", "greeting", "taken", "receipt", "absence"]
_NUMBER_SIGN = match_key("№")
REST = "*"  # at the end of a phrase: whatever follows in the same clause
Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """Return a text's words, with look-alike letters of both alphabets made equal: «OK» is «ок»."""
    return tuple(match_key(word) for word in normalise(text).split())


def _phrase(text: str) -> str:
    if not words_of(text):
        raise PydanticCustomError("name_of_signs", "no word")
    return text


Phrase = Annotated[Text, AfterValidator(_phrase)]


class Answers(Strict):
    """All of `answers.yml`. `thanks` … `absence` are phrases that are not an answer.

    `answer`: single words that are an answer; any other single word leaves it in doubt.
    """

    thanks: tuple[Phrase, ...]
    greeting: tuple[Phrase, ...]
    taken: tuple[Phrase, ...]
    receipt: tuple[Phrase, ...]
    absence: tuple[Phrase, ...]
    answer: tuple[Phrase, ...]

    def phrases(self) -> Iterator[tuple[str, int, str]]:
        """Yield each phrase with its class and its position there."""
        for name in type(self).model_fields:
            for place, phrase in enumerate(getattr(self, name)):
                yield name, place, phrase

    def class_of(self, words: Words) -> Class | None:
        """Return the class of a clause that consists only of such phrases: the class of the last; else None."""
        if not words:
            return None
        for count in range(len(words), 0, -1):
            found = self._exact.get(words[:count])
            rest = words[count:]
            if found and (not rest or (then := self.class_of(rest)) is not None):
                return then if rest else found
        # «Ваше обращение № 12345 зарегистрировано»
        said = tuple(word for word in words if not word.isdecimal() and word != _NUMBER_SIGN)
        return next((name for start, name in self._open if said[: len(start)] == start), None)

    def is_answer(self, words: Words) -> bool:
        """Return whether these words alone are an answer."""
        return words in self._answers

    @cached_property
    def _exact(self) -> Mapping[Words, Class]:
        return {words_of(phrase): name for name, phrase in self._no_answers() if not phrase.endswith(REST)}

    @cached_property
    def _open(self) -> Iterable[tuple[Words, Class]]:
        return [(words_of(phrase), name) for name, phrase in self._no_answers() if phrase.endswith(REST)]

    @cached_property
    def _answers(self) -> frozenset[Words]:
        return frozenset(words_of(phrase) for phrase in self.answer)

    def _no_answers(self) -> Iterator[tuple[Class, str]]:
        names: tuple[Class, ...] = ("thanks", "greeting", "taken", "receipt", "absence")
        for name in names:
            for phrase in getattr(self, name):
                yield name, phrase
