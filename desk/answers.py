"""Whether a text is an answer (C-12, U-30): the only place that judges messages of departments, partners and clients.

Quotes and signatures are removed first. The rest is matched clause by clause with the phrases of `answers.yml`; if in
doubt, the clock keeps running and a person is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from config.answers import Answers, Class, Words, words_of

Verdict = Literal["answer", "doubt", "none"]
WHOLE: tuple[Class, ...] = ("receipt", "absence")  # one such phrase means that the whole message is not an answer
_NAME = 2  # the most words of a name after a greeting: «Добрый день, Анна Петровна!»
_NUMBER = 4  # the fewest digits of a number that is an answer by itself: an order, a supply, a task
LONGEST = 20_000  # characters that are judged: no answer begins after that
_ASKING = ("QUESTION MARK", "INTERROBANG")  # in the Unicode names of «?», «？», «❓», «⁉» …
_QUOTED = re.compile(r"\{quote\}.*?(?:\{quote\}|\Z)", re.DOTALL | re.IGNORECASE)
_QUOTED_LINE = re.compile(r"\s*(?:>|bq\.\s)")
_MENTION = re.compile(r"\[~[^\]\n]{1,200}\]")
_MAILERS = r"my|моего|iphone|ipad|android|outlook|gmail|почты|mail|приложения|телефона|мобильн\w*"
_END = re.compile(  # end of the author's own words: a signature or an earlier mail follows
    rf"""^\s*(?:
        --\s*$ | _{{5,}}\s*$
        | -{{2,}}\s*(?:original|forwarded)\ message
        | -{{2,}}\s*(?:исходное|пересыла\w+|пересланн\w+)\ сообщение
        | (?:sent\ from|отправлено\ (?:с|из))\ (?:{_MAILERS})\b
        | .{{0,200}}\b(?:wrote|написал|написала|написали|пишет)\b.{{0,100}}:\s*$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNED = re.compile(
    r"(?:^|[.!?\n])[ \t]*(?:с уважением|с наилучшими пожеланиями|best regards|kind regards|regards)\b", re.IGNORECASE
)
_HEADER = re.compile(r"\s*(?:from|от|от кого|sent|отправлено|to|кому|date|дата|subject|тема)\s*:\s", re.IGNORECASE)
_CLAUSE = re.compile(r"[^.!?;:,\n]+[.!?;:,\n]*|[.!?;:,]+")


@dataclass(frozen=True)
class JudgedAnswer:
    """The verdict, and the class of the words that are not an answer."""

    verdict: Verdict
    of: Class | None = None

    @property
    def is_answer(self) -> bool:
        """Whether the clock stops."""
        return self.verdict == "answer"


def judge(table: Answers, text: str) -> JudgedAnswer:
    """Judge whether a message is an answer."""
    said = own_words(text[:LONGEST])
    classes: list[Class] = []
    left: list[tuple[Words, bool]] = []
    greeted = False
    for clause in _CLAUSE.findall(said):
        words = words_of(clause)
        if not words:
            left += [((), True)] if _asks(clause) else []
            continue
        found = table.class_of(words)
        if found in WHOLE:
            return JudgedAnswer("none", found)
        if found is not None and not _asks(clause):
            classes.append(found)
        elif not (greeted and _is_name(clause, words)):
            left.append((words, _asks(clause)))
        greeted = found == "greeting"
    return _verdict(table, said, classes, left)


def _verdict(table: Answers, said: str, classes: list[Class], left: list[tuple[Words, bool]]) -> JudgedAnswer:
    if any(asks for _, asks in left):
        return JudgedAnswer("doubt")
    words: Words = tuple(word for clause, _ in left for word in clause)
    if not words:
        # only signs (+, a thumb) are a nod; an empty text may come with an attachment
        nod: Class | None = "thanks" if said.strip() else None
        of = classes[-1] if classes else nod
        return JudgedAnswer("none", of) if of else JudgedAnswer("doubt")
    is_number = words[0].isdecimal() and len(words[0]) >= _NUMBER
    return JudgedAnswer("answer") if len(words) > 1 or is_number or table.is_answer(words) else JudgedAnswer("doubt")


def own_words(text: str) -> str:
    """Return the author's own words: without quotes, mentions, the mail being answered, and the signature."""
    said = _SIGNED.split(_MENTION.sub("", _QUOTED.sub("\n", text)), maxsplit=1)[0]
    return "\n".join(_own_lines(said.splitlines())).strip()


def _own_lines(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        is_header = _HEADER.match(line) is not None and number + 1 < len(lines) and _HEADER.match(lines[number + 1])
        if is_header or _END.match(line):
            return
        if not _QUOTED_LINE.match(line):
            yield line


def _is_name(clause: str, words: Words) -> bool:
    """Whether a clause right after a greeting is a form of address."""
    return len(words) <= _NAME and all(word[:1].isupper() for word in clause.split() if word[:1].isalpha())


def _asks(text: str) -> bool:
    return any(sign in unicodedata.name(char, "") for char in text for sign in _ASKING)
