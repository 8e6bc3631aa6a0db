"""`usedesk.yml`: what is checked in Usedesk's tickets, when, and how often Usedesk is asked (U-03…U-17, U-34…U-36)."""

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
VALUE = "{value}"  # in an address: what the ticket's field says
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
    """Something that a client is asked for (U-11); a pattern's group, or else all of it, is what was received."""

    name: Name
    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)]


class Outcomes(Strict):
    """The category that an outcome asks for (U-07), by the Jira project or the department that the ticket came to."""

    projects: dict[ProjectKey, Name] = Field(default_factory=dict)
    departments: dict[Id, Name] = Field(default_factory=dict)


class Delays(Strict):
    """How long a person may take before the bot looks.

    `status`: to choose a status after an answer (U-09); `priority`: to say why the priority changed (U-08);
    `hold`: to make the request of a ticket «На удержании» (U-12); `call_note`: to write down a call (U-17).
    """

    status: Duration = timedelta(minutes=10)
    priority: Duration = timedelta(minutes=15)
    hold: Duration = timedelta(minutes=30)
    call_note: Duration = timedelta(minutes=30)


class CallLinks(Strict):
    """How a call is known (U-17): the ticket came by one of these channels (numbers), or has one of these tags."""

    channels: tuple[Text, ...] = ()
    tags: tuple[Name, ...] = ()


class HistorySearch(Strict):
    """Where a client's history is looked up (U-04): by the value of a custom field."""

    name: Name
    field: Name
    url: Search


class UsedeskConfig(Strict):
    """All of `usedesk.yml`. Custom fields are named by name or number.

    `types` is the matrix of U-05: the categories of each type; `required_fields` may not be empty at «Выполнен» (U-06);
    `keep_clock`: a further question leaves the client's clock as it was (U-13).
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
        """The type that the matrix gives a category (U-05); None where it says nothing."""
        return self._types.get(match_key(category or ""))

    def received(self, text: str) -> Mapping[str, str]:
        """What of the client's data a text holds, by name, in the order of the table; each thing is one datum only."""
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
        """Whether a ticket of this channel (its number) and with these tags was, or had, a call (U-17)."""
        known = {match_key(tag) for tag in self.calls.tags}
        return channel in self.calls.channels or any(match_key(tag) in known for tag in tags)

    def is_non_core(self, category: str | None) -> bool:
        """Whether a category is of «Непрофильные запросы» (U-36)."""
        return bool(category) and match_key(category or "") in {match_key(name) for name in self.non_core}

    @cached_property
    def _types(self) -> Mapping[str, TicketType]:
        return {match_key(name): kind for kind, names in self.types.items() for name in names}
