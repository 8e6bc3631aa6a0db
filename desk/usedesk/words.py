"""Usedesk's status numbers in our words (T-7), and its HTML as text and back."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from desk.adf import clean

# «Не изменять» in T-7 is not a status: nothing is sent.
STATUSES: Mapping[str, str] = {
    "1": "open",
    "2": "done",
    "3": "closed",
    "4": "deleted",
    "5": "on_hold",
    "6": "waiting_client",
    "7": "spam",
    "8": "new",
    "9": "newsletter",
    "10": "merged",
}
STATUS_IDS: Mapping[str, int] = {word: int(number) for number, word in STATUSES.items()}

_LINE_END = re.compile(r"<(?:br\s{0,9}/?|/(?:p|div|li|tr|h[1-6]))>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_BLANKS = re.compile(r"[ \t\u00a0]+")


def status_word(number: str) -> str:
    """Return our word for a status; an unknown one is returned unchanged."""
    return STATUSES.get(number, number)


def to_text(message: str) -> str:
    """Return the plain text of a message in HTML: one line per line and paragraph, no blank lines at the ends."""
    text = html.unescape(_TAG.sub("", _LINE_END.sub("\n", message.replace("\r", ""))))
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip()


def to_html(text: str) -> str:
    """Return a plain text as HTML that shows it literally, line by line."""
    return html.escape(clean(text), quote=False).replace("\n", "<br>")
