"""Hides secrets and personal data (e-mails, phones) in what is stored, logged or shown.

Linear in the length of the text: every pattern is bounded or possessive. Ids, issue keys, order numbers and
timestamps must not pass for phones, so a number counts as one only with a phone's prefix or grouping.
"""

from __future__ import annotations

import re
from functools import lru_cache

from events.secrets import HIDDEN, hide_secrets

__all__ = ["HIDDEN", "redact", "redact_text"]

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)\w[\w-]*+(?:\.\w[\w-]*+)++")
_SEP = r"[ \u00a0\u2010-\u2015.-]"
_LOOSE = r"[ \u00a0\u2010-\u2015().-]{0,3}+"
# Each branch begins with a plain character class, so that the engine skips other text quickly.
_PHONE = re.compile(
    rf"""
      \+(?<![\w+]\+)(?:
          7(?:{_LOOSE}[0-9]){{10}}(?!-?[0-9])                                # +7 (916) 000-00-00
        | [1-9](?:{_LOOSE}[0-9]){{9,14}}(?![0-9])                            # +375 29 000-00-00
      )
    | [78](?<![\w+-][78])(?<![0-9]\.[78])(?:
          {_SEP}{{0,2}}\([0-9]{{3,5}}\){_SEP}{{0,2}}(?:[0-9]{_SEP}?){{4,6}}[0-9]  # 8 (916) 000-00-00, 8(48762)0-00-00
        | {_SEP}[0-9]{{3}}{_SEP}[0-9]{{3}}{_SEP}?[0-9]{{2}}{_SEP}?[0-9]{{2}}    # 8-916-000-00-00
        | 9[0-9]{{2}}{_SEP}[0-9]{{3}}{_SEP}?[0-9]{{2}}{_SEP}?[0-9]{{2}}         # 8916 000 00 00
        | (?<!/[78])(?:9[0-9]{{2}}|800|49[589])[0-9]{{7}}(?![\w-])            # 89160000000; after a slash it is an id
      )(?!-?[0-9])
    | \((?<!\w\()[0-9]{{3}}\){_SEP}?[0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}(?!-?[0-9])   # (916) 000-00-00
    | 9(?<![\w.+-]9)[0-9]{{2}}[ -][0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}(?!-?[0-9])     # 916 000-00-00
    """,
    re.VERBOSE,
)
_DIGITS = b"0123456789"
_PHONE_DIGITS = 10

_SECRET_NAME = re.compile(
    r"secret|password|passwd|passphrase|apikey|accesskey|privatekey|authorization|cookie|credential|token$|tokens$|^pwd$"
)
_PERSONAL_NAME = re.compile(
    r"e?mail$|e?mailaddress(?:es)?$|e?mails$|(?:phone|mobile)(?:no|num|number)?s?$|contact(?:no|num|number)s?$"
    r"|^tel(?:no)?$|телефоны?$|почта$"
)
_ID_NAME = re.compile(r"(?:^|[a-zа-я_-])(?:id|ids|no|key|number|timestamp)$|Id$|Key$|No$")
_SHORTEST = 5  # a@b.c
_NAME_LENGTH = 64  # characters; a longer key is not a field's name and is not cached


def redact_text(text: str) -> str:
    """Hide e-mails, phones, credentials and card numbers inside a text (a log line, a page, a stored body)."""
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(HIDDEN, text)
    if len(text) >= _PHONE_DIGITS and _digits(text) >= _PHONE_DIGITS:
        text = _PHONE.sub(HIDDEN, text)
    return hide_secrets(text)


def redact(value: object) -> object:
    """Return a copy of a JSON value without secrets and personal data; the value of a sensitive key is hidden whole.

    Expects bounded nesting (`body.parse` checks it). Null and booleans stay, as they reveal nothing.
    """
    if isinstance(value, str):
        return redact_text(value) if len(value) >= _SHORTEST else value
    if isinstance(value, dict):
        return {redact_text(key) if "@" in key else key: _member(key, member) for key, member in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def _member(key: str, value: object) -> object:
    if value is None or value is True or value is False:
        return value
    hide, is_id = _kind_of(key) if len(key) <= _NAME_LENGTH else _judge(key)
    if hide:
        return HIDDEN
    if is_id and isinstance(value, str) and value.isdecimal():
        return value
    return redact(value)


def _digits(text: str) -> int:
    raw = text.encode(errors="replace")
    return len(raw) - len(raw.translate(None, _DIGITS))


@lru_cache(maxsize=4096)
def _kind_of(key: str) -> tuple[bool, bool]:
    return _judge(key)


def _judge(key: str) -> tuple[bool, bool]:
    """Return whether the value of this key is hidden whole, and whether it is an id."""
    name = re.sub(r"[\W_]", "", key).lower()
    return bool(_SECRET_NAME.search(name) or _PERSONAL_NAME.search(name)), bool(_ID_NAME.search(key))
