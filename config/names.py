"""Names as people write them: a normal form, lookups by spelling, and a cautious match of typos (C-22)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

CLOSE = 0.88  # least ratio of difflib for two names
LONG = 8  # characters that a name needs before a typo in it is tolerated
WORD_CLOSE = 0.8  # least ratio of each word: «расширение» is not a typo of «расторжение», however long the name
WORD = 4  # letters that a word needs; shorter ones are codes and negations («FBO», «не»), where each letter matters
# Cyrillic letters that look like Latin ones: «FBО» is typed in either alphabet
_LOOKALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")


def normalise(text: str) -> str:
    """Fold case, ё, quotes, dashes, brackets, every other sign and all spaces: «Ёлка  (А)» → «елка а»."""
    letters = []
    for char in unicodedata.normalize("NFKC", text).casefold().replace("ё", "е"):
        if char.isalnum():
            letters.append(char)
        elif unicodedata.category(char) not in ("Mn", "Cf"):  # accents and invisible characters do not split a word
            letters.append(" ")
    return " ".join("".join(letters).split())


def fold(text: str) -> str:
    """Normalise a text and make look-alike letters of both alphabets equal: «OK» is «ок»."""
    return normalise(text).translate(_LOOKALIKES)


def match_key(text: str) -> str:
    """Return the key that all spellings of a name share: folded, without spaces."""
    return fold(text).replace(" ", "")


class Names:
    """A lookup of ids by spelling."""

    def __init__(self, spellings: Iterable[tuple[str, str]]) -> None:
        """Build the lookup from pairs (id, spelling)."""
        pairs = [(owner, spelling) for owner, spelling in spellings if match_key(spelling)]
        self._exact = {match_key(spelling): owner for owner, spelling in pairs}
        known = {(owner, normalise(spelling)) for owner, spelling in pairs}
        self._tolerant = [
            (owner, name)
            for owner, name in sorted(known)
            if not any(other != owner and alike(name, rival) for other, rival in known)
        ]

    def find(self, text: str | None) -> str | None:
        """Return the id that this spelling means; None when it is unknown or could be two."""
        key = match_key(text or "")
        if not key or text is None:
            return None
        if key in self._exact:
            return self._exact[key]
        name = normalise(text)
        owners = {owner for owner, known in self._tolerant if alike(name, known)}
        return owners.pop() if len(owners) == 1 else None


def alike(one: str, other: str) -> bool:
    """Return True when two normalised names differ only by a typo, and not in a short word, a code or a number."""
    if min(len(one), len(other)) < LONG:
        return False
    words, others = one.split(), other.split()
    if len(words) != len(others) or not all(map(_words_alike, words, others)):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= CLOSE


def _words_alike(one: str, other: str) -> bool:
    if one.translate(_LOOKALIKES) == other.translate(_LOOKALIKES):
        return True
    plain = all(len(word) >= WORD and not any(char.isascii() for char in word) for word in (one, other))
    if not plain or one[0] != other[0]:  # «выплата» is not a typo of «оплата»
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= WORD_CLOSE
