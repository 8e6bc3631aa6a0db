"""Hides what people write and no rule needs before it is stored: passwords, tokens, numbers of bank cards."""

from __future__ import annotations

import json
import re

HIDDEN = "[скрыто]"
# The fields of an event that hold what people wrote, not ids, names or addresses.
WORDS = frozenset(
    {"text", "description", "question", "actions_done", "comment", "answer", "subject", "reason", "value", "summary"}
    | {"before_text", "after_text", "from", "to"}  # of a change
)
_PEOPLE = ("seller", "client")
_NAMES = ("name", "legal_entity")
_CREDENTIAL = re.compile(
    r"""(?i)\b(?:
      (?:bearer\s{1,4}[a-z0-9+/=_.~-]{8,}+|basic\s{1,4}[a-z0-9+/=]{16,}+)
    | (?:atatt[\w-]{20,}+=*+|whsec_[a-z0-9+/]{16,}+=*+)     # a token of Jira Cloud, a secret of Standard Webhooks
    | (?:api[_-]?(?:key|token)|secret(?:[_-]?key)?|token|password|passwd|пароль|authorization)
      ["']?[=:]\s?["']?(?:(?:bearer|basic)\s)?[^\s"'&,;<>]++
    )""",
    re.VERBOSE,
)
# Without a colon a word counts as a password only if it has a digit: «пароль не подходит» gives none away.
_PASSWORD = re.compile(
    r"""(?i)\b(?P<before>(?:парол[ья]|password|passwd|pwd)
      (?:\s(?:от|для|к)\s[\w.-]{1,40}(?:\s[\w.-]{1,40})?)?  # от личного кабинета
      \s{0,2})
    (?:[=:–—-]\s{0,2}[^\s"'&,;<>]++|(?<=\s)(?=[^\s\d]{0,40}\d)[^\s"'&,;<>]{4,}+)""",
    re.VERBOSE,
)
_CARD = re.compile(r"(?<![\w-])(?P<first>[0-9]{4})(?P<by>[ -]?)[0-9]{4}(?P=by)[0-9]{4}(?P=by)[0-9]{4}(?![\w-])")
_ABOUT_CARDS = ("карт", "card", "visa", "mastercard", "сбер", "тинькоф", "альфа")
_CARD_DIGITS = 16
_NINE = 9


def hide_secrets(text: str) -> str:
    """Hide credentials and card numbers inside a text. Linear in its length."""
    lowered = text.lower()
    if _hints_at_credential(lowered):
        text = _PASSWORD.sub(rf"\g<before>{HIDDEN}", _CREDENTIAL.sub(HIDDEN, text))
    if len(text) < _CARD_DIGITS or sum(map(lowered.count, "0123456789")) < _CARD_DIGITS:
        return text
    about = any(word in lowered for word in _ABOUT_CARDS)
    return _CARD.sub(lambda found: HIDDEN if _is_card(found, about=about) else found[0], text)


def hide_in_event(content: str) -> str:
    """Return an event's JSON with the secrets hidden in what people wrote."""
    if hide_secrets(content) == content:  # as nearly always
        return content
    return json.dumps(_walk(json.loads(content)), ensure_ascii=False, separators=(",", ":"))


def _walk(value: object, name: str = "") -> object:
    if isinstance(value, dict):
        return {key: _walk(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [_walk(member, name) for member in value]
    return hide_secrets(value) if isinstance(value, str) and name in WORDS else value


def _is_card(found: re.Match[str], *, about: bool) -> bool:
    """Return True for a card's number. Sixteen digits in a row may be an id, unless the text is `about` cards."""
    number = re.sub(r"\D", "", found[0])
    return (about or bool(found["by"])) and _of_a_bank(int(found["first"])) and _luhn(number)


def _of_a_bank(first: int) -> bool:
    mir, mastercard = range(2200, 2205), (range(5100, 5600), range(2221, 2721))
    return first in mir or 4000 <= first < 5000 or first // 100 == 62 or any(first in one for one in mastercard)  # noqa: PLR2004 # Visa, UnionPay


def _luhn(number: str) -> bool:
    doubled = (int(digit) * 2 for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(one - _NINE if one > _NINE else one for one in doubled)) % 10 == 0


def _hints_at_credential(text: str) -> bool:
    # Written out: this runs for every string of every body, and a loop takes three times as long.
    return (
        "token" in text
        or "secret" in text
        or "passw" in text
        or "pwd" in text
        or "парол" in text
        or "bearer" in text
        or "atatt" in text
        or "whsec_" in text
        or "basic " in text
        or "authoriz" in text
        or "apikey" in text
        or "api_key" in text
        or "api-key" in text
    )


def without_texts(event: str) -> str:
    """Return an event's JSON without what people wrote or attached and without the names of sellers and clients."""
    return json.dumps(_left(json.loads(event)), ensure_ascii=False, separators=(",", ":"))


def _left(value: object, name: str = "") -> object:
    if isinstance(value, list):
        return [_left(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    if name in ("attachments", "file"):
        return {}
    gone = _NAMES if name in _PEOPLE else ()
    kept = {key: member for key, member in value.items() if key not in gone and (key not in WORDS or key == "text")}
    return {key: "" if key == "text" else _left(member, key) for key, member in kept.items()}
