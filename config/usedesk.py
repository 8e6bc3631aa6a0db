"""`usedesk.yml`: checks of Usedesk's tickets and their delays, and how often it is polled (U-03…U-17, U-34…U-36)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from config.fields import Duration, Strict, Text, http_address
from config.jira import Id, ProjectKey
from config.names import match_key

TicketType = Literal["question", "task", "problem", "incident"]
Priority = Literal["low", "medium", "urgent", "extreme"]
VALUE = "{value}"  # in an address: replaced by the value of the ticket's field
LONGEST = 20_000  # characters of an answer that are searched
_ADDRESS = r"^https?://\S*\{value\}\S*$"


def _pattern(text: str) -> str:
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise PydanticCustomError("pattern", "broken", {"fault": str(error)}) from None
    if compiled.match("") or compiled.groups > 1:
        raise PydanticCustomError("pattern_idle", "matches nothing or has several groups")
    return text


def _search(text: str) -> str:
    if text.count(VALUE) != 1:
        raise PydanticCustomError("search_address", "no {value}")
    http_address(text.partition("?")[0].replace(VALUE, "0"))
    return text


def _a_name(text: str) -> str:
    if not match_key(text):
        raise PydanticCustomError("name_of_signs", "no word")
    return text


Pattern = Annotated[Text, AfterValidator(_pattern)]
Search = Annotated[Text, AfterValidator(_search), WithJsonSchema({"type": "string", "pattern": _ADDRESS})]
Name = Annotated[Text, AfterValidator(_a_name)]


class Datum(Strict):
    """Something that a client is asked for (U-11); a pattern's group, or without one the whole match, is the value."""

    name: Name
    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)]


class Outcomes(Strict):
    """The category that an outcome requires (U-07), by the Jira project or the department that the ticket went to."""

    projects: dict[ProjectKey, Name] = Field(default_factory=dict)
    departments: dict[Id, Name] = Field(default_factory=dict)


class Delays(Strict):
    """How long a person has before the bot checks.

    `status`: to choose a status after an answer (U-09); `priority`: to say why the priority changed (U-08);
    `hold`: to create the request of a ticket «На удержании» (U-12); `call_note`: to write a note of a call (U-17).
    """

    status: Duration = timedelta(minutes=10)
    priority: Duration = timedelta(minutes=15)
    hold: Duration = timedelta(minutes=30)
    call_note: Duration = timedelta(minutes=30)


class CallLinks(Strict):
    """How a call is recognised (U-17): the ticket came by one of these channels (ids), or has one of these tags."""

    channels: tuple[Text, ...] = ()
    tags: tuple[Name, ...] = ()


class HistorySearch(Strict):
    """Where a client's history is looked up (U-04): by the value of a custom field."""

    name: Name
    field: Name
    url: Search


class UsedeskConfig(Strict):
    """All of `usedesk.yml`. Custom fields are given by name or number.

    `types` is the matrix of U-05: the categories of each type; `required_fields` may not be empty at «Выполнен» (U-06);
    `keep_clock`: a further question does not restart the client's clock (U-13).
    """

    poll_every: Duration = timedelta(minutes=2)
    category_field: Name
    types: dict[TicketType, tuple[Name, ...]] = Field(default_factory=dict)
    required_fields: tuple[Name, ...] = ()
    outcomes: Outcomes = Outcomes()
    priority: Priority = "medium"
    delays: Delays = Delays()
    keep_clock: bool = True
    client_data: dict[Id, Datum] = Field(default_factory=dict)
    calls: CallLinks = CallLinks()
    history: tuple[HistorySearch, ...] = ()
    non_core: tuple[Name, ...] = ()

    def type_of(self, category: str | None) -> TicketType | None:
        """Return the type of a category by the matrix (U-05); None when the matrix does not have it."""
        return self._types.get(match_key(category or ""))

    def received(self, text: str) -> Mapping[str, str]:
        """Return the client's data found in a text, by name; no part of the text counts for two of them."""
        rest, found = text[:LONGEST], {}
        for datum in self.client_data.values():
            for pattern in datum.patterns:
                match = re.search(pattern, rest, re.IGNORECASE)
                if match:
                    found[datum.name] = match[match.re.groups].strip()
                    rest = f"{rest[: match.start()]}\n{rest[match.end() :]}"
                    break
        return found

    def is_call(self, channel: str | None, tags: Iterable[str]) -> bool:
        """Return whether a ticket with this channel (its id) and these tags was, or had, a call (U-17)."""
        known = {match_key(tag) for tag in self.calls.tags}
        return channel in self.calls.channels or any(match_key(tag) in known for tag in tags)

    def is_non_core(self, category: str | None) -> bool:
        """Return whether a category is one of «Непрофильные запросы» (U-36)."""
        return bool(category) and match_key(category or "") in {match_key(name) for name in self.non_core}

    @cached_property
    def _types(self) -> Mapping[str, TicketType]:
        return {match_key(name): kind for kind, names in self.types.items() for name in names}
