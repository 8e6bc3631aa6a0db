"""The values that events are made of: ids, moments, frozen models."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

# Ids go into URLs, JQL and labels: ASCII only, and short.
TICKET_ID = r"^[A-Za-z0-9_-]{1,64}$"
ISSUE_ID = r"^[0-9]{1,20}$"
ISSUE_KEY = r"^[A-Z][A-Z0-9_]{1,99}-[0-9]{1,20}$"
ACCOUNT_ID = r"^[A-Za-z0-9:_.-]{1,255}$"
_PASTED = re.compile(r"(?<![\w-])[A-Za-z][A-Za-z0-9_]{1,99}-[0-9]{1,20}(?![\w-])")
_LONGEST_PASTED = 500  # characters; nobody pastes a key with more around it
FIRST_YEAR, LAST_YEAR = 1970, 2100  # a moment outside cannot be real, and may not convert to UTC


def as_text(value: object) -> object:
    """Turn a whole number into a string: senders disagree on the type of ids."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_key(value: object) -> object:
    """Find the one issue key in what a person pasted: with spaces around it, in lower case, or in the issue's URL."""
    text = as_text(value)
    if not isinstance(text, str) or len(text) > _LONGEST_PASTED:
        return text
    found = {key.upper() for key in _PASTED.findall(text.rpartition("/browse/")[2])}
    return found.pop() if len(found) == 1 else text


def _in_utc(value: datetime) -> datetime:
    if not FIRST_YEAR < value.year < LAST_YEAR:
        raise ValueError(f"year {value.year} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return value.astimezone(UTC)


Text = Annotated[str, BeforeValidator(as_text)]
TicketId = Annotated[str, Field(pattern=TICKET_ID), BeforeValidator(as_text)]
IssueId = Annotated[str, Field(pattern=ISSUE_ID), BeforeValidator(as_text)]
IssueKey = Annotated[str, Field(pattern=ISSUE_KEY), BeforeValidator(as_text)]
PastedKey = Annotated[str, Field(pattern=ISSUE_KEY), BeforeValidator(as_key)]
AccountId = Annotated[str, Field(pattern=ACCOUNT_ID), BeforeValidator(as_text)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Frozen(BaseModel):
    """A value that never changes; unknown fields are ignored (the stored body keeps them)."""

    model_config = ConfigDict(frozen=True, extra="ignore")
