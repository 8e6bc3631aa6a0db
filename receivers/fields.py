"""Total accessors for the values of webhooks: any JSON in, a bounded value or None out, never an exception."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import events
from events.untrusted import SHORT, objects, part, text

__all__ = [
    "TEXT_LIMIT",
    "host",
    "issue_id",
    "issue_key",
    "moment",
    "objects",
    "part",
    "person",
    "project_key",
    "text",
    "written_moment",
]

TEXT_LIMIT = 32_767  # characters: Jira's own limit for a text field
_ISSUE_ID = re.compile(events.ISSUE_ID.removesuffix("$"))
_ISSUE_KEY = re.compile(events.ISSUE_KEY.removesuffix("$"))
_ACCOUNT_ID = re.compile(events.ACCOUNT_ID.removesuffix("$"))
_PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,99}")
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138, as milliseconds 1973
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before Jira
_CLOCK_SKEW = timedelta(days=1)


def issue_id(value: object) -> str | None:
    """Return the id of an issue or comment, which is a string in most bodies and a number in some; else None."""
    return _matching(_ISSUE_ID, value)


def issue_key(value: object) -> str | None:
    """Return an issue key that is safe in a URL and in JQL, else None."""
    return _matching(_ISSUE_KEY, value)


def project_key(value: object) -> str | None:
    """Return a project's key, else None."""
    return _matching(_PROJECT_KEY, value)


def person(value: object) -> events.Person | None:
    """Return a user by account id alone; None for old bodies, which have a name and a key instead.

    Also reads `accoundId`, the misspelling in Jira's own example.
    """
    user = part(value)
    account = _matching(_ACCOUNT_ID, user.get("accountId") or user.get("accoundId"))
    return events.Person(account_id=account, kind=text(user.get("accountType"))) if account else None


def moment(value: object, received: datetime) -> datetime:
    """Return epoch milliseconds or seconds as UTC, or `received` when the value cannot be the event's time."""
    number = text(value, 20) or ""
    if not (number.isascii() and number.isdecimal()):
        return received
    seconds = int(number) / 1000 if int(number) >= _MILLISECONDS_FROM else int(number)
    try:
        result = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return received
    return result if _EARLIEST <= result <= received + _CLOCK_SKEW else received


def written_moment(value: object) -> datetime | None:
    """Return a moment written as in Jira's REST API (`2022-02-18T15:20:11.662+0530`) in UTC, else None."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def host(url: object) -> str | None:
    """Return the `host[:port]` of a URL in lower case, else None."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or None if isinstance(url, str) else None
    except ValueError:  # for example a bracket that begins no IPv6 address
        return None


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    candidate = text(value, SHORT + 1)
    return candidate if candidate is not None and pattern.fullmatch(candidate) else None
