"""`departments.yml`: the neighbour departments, and when they are reminded of requests (U-14…U-31, C-13)."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from config.calendar import Span
from config.fields import Duration, Strict, Text
from config.holds import AccountId
from config.jira import Id
from config.named import Named, spellings
from config.names import Names, match_key, normalise

SECRETS = (("lead",), ("departments", "*", "chat"), ("departments", "*", "head"))
Clock = Literal["calendar", "business"]
Told = Literal["department", "agent", "head", "lead"]
STAR = "*"  # in a name: any ending; in other texts: what it stood for in the name
LONGEST = 100  # characters of what a star stands for
_OWN_KEY = "*"  # not `id`, which must stay an unknown key when it is written in the file
_GROUP = re.compile(r"[^*]*\w[^*\w]*\*")  # a word, and a star at the end
_QUOTES = " «»„“”\"'"


def _address(value: object) -> object:
    """Turn an empty value into None; refuse a text that is not in the form of an Apprise address."""
    if value is None or value == "":
        return None
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9]+://\S+", text):
        raise PydanticCustomError("address", "not an Apprise address")
    return value


def _no_blank(text: str) -> str:
    if "_" in text or not match_key(text):
        raise PydanticCustomError("accusative", "a blank")
    return text


def _not_equal(span: tuple[timedelta, timedelta]) -> tuple[timedelta, timedelta]:
    if span[0] == span[1]:
        raise PydanticCustomError("quiet_hours", "nothing or everything")
    return span


def _or_none(value: object) -> object:
    """Read «0s» as None, which means never: an empty variable would get its default instead."""
    return None if value == "0s" else value


Address = Annotated[
    SecretStr | None, BeforeValidator(_address), WithJsonSchema({"type": ["string", "null"]}, mode="validation")
]


class Department(Named):
    """A neighbour department; `accusative` goes into «мне надо подключить …» (U-20…U-25).

    A name that ends in `*` is a pattern for many («FF:*»); the star in `accusative` and `jira_component` is replaced by
    what matched. `chat` and `head` are Apprise addresses, `calendar` None is the company's; `usedesk_group` is the
    number of the group that gets the bot's outgoing tickets (U-14). What `Departments.find` returns has no star left;
    its `id` is the same for all spellings, and is a spelling itself.
    """

    id: Annotated[SkipJsonSchema[str], Field(validation_alias=_OWN_KEY, exclude=True)]
    rule: Text
    accusative: Annotated[Text, AfterValidator(_no_blank)]
    chat: Address = None
    head: Address = None
    jira_component: Text | None = None
    jira_assignee: AccountId | None = None
    usedesk_group: Text | None = None
    delay: Duration = timedelta(hours=24)
    calendar: Id | None = None

    @property
    def is_group(self) -> bool:
        """True when this is a pattern for many departments."""
        return STAR in self.name

    @model_validator(mode="after")
    def _stars_in_their_places(self) -> Self:
        names, component = (self.name, *self.aliases), self.jira_component or ""
        if self.is_group:
            fits = all(_GROUP.fullmatch(name) for name in names)
            fits = fits and self.accusative.count(STAR) == 1 and component.count(STAR) <= 1
        else:
            fits = STAR not in "".join((*names, self.accusative, component))
        if not fits:
            raise PydanticCustomError("stars", "a star out of place")
        return self

    def named(self, rest: str) -> Department:
        """Return the department that this pattern becomes when its star stands for `rest`."""
        filled = {
            name: text.replace(STAR, rest)
            for name in ("name", "accusative", "jira_component")
            if (text := getattr(self, name))
        }
        return self.model_copy(update={**filled, "aliases": (), "id": f"{self.id}:{normalise(rest)}"})


class EscalationStep(Strict):
    """A step of the escalation policy (`ladder`): how long after the request it comes, and who is told."""

    after: Duration
    tell: Annotated[tuple[Told, ...], Field(min_length=1)]


class ClientText(Strict):
    """Switches of C-13 for messages to the client.

    `clock`: business waits for the next working moment, calendar does not. `before_days_off`: the reply before the
    evening of the last working day before days off; M-2 is what the manual says, although «завтра» is then a day off.
    `genders`: by the agents' ids in the CRM, for M-5; not needed where the CRM tells them itself.
    `inform_within`: after this time without a message to the client the agent is told (U-18); None: no such check.
    """

    inform_within: Annotated[Duration | None, BeforeValidator(_or_none)] = timedelta(minutes=30)
    clock: Clock = "business"
    before_days_off: Literal["M-2", "M-4"] = "M-2"
    genders: dict[Text, Literal["f", "m"]] = Field(default_factory=dict)


class Departments(Strict):
    """All of `departments.yml`.

    `clock` is how `delay` and the steps of the escalation policy (`ladder`) are counted: calendar, or business, which
    skips days off. In `quiet_hours`, if there are any, nobody is told anything. `lead` is an Apprise address, told in
    place of an agent whose status is one of `away` (W-01). `jira_link_type`: a link of this type to a department's
    issue is a request; `usedesk_field`: the custom field of a ticket that names the department, if there is one.
    """

    clock: Clock = "calendar"
    client_text: ClientText = ClientText()
    ladder: Annotated[tuple[EscalationStep, ...], Field(min_length=1)]
    quiet_hours: Annotated[Span, AfterValidator(_not_equal)] | None = None
    lead: Address = None
    away: tuple[Text, ...] = ("Отдых", "Тренинг")
    jira_link_type: Text | None = None
    usedesk_field: Text | None = None
    departments: Annotated[dict[Id, Department], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _name_each_department(cls, data: object) -> object:
        """Give each department its key as its id."""
        if not isinstance(data, dict) or not isinstance(table := data.get("departments"), dict):
            return data
        named = {key: {**row, _OWN_KEY: key} if isinstance(row, dict) else row for key, row in table.items()}
        return {**data, "departments": named}

    @model_validator(mode="after")
    def _steps_in_order(self) -> Self:
        if any(later.after <= earlier.after for earlier, later in pairwise(self.ladder)):
            raise PydanticCustomError("ladder_order", "not in order")
        return self

    def find(self, text: str | None) -> Department | None:
        """Find a department by its id or any spelling of its name; None when it is unknown or could be two."""
        owner = self._names.find(text)
        if owner is not None:
            return self.departments[owner]
        found = {one.id: one for one in self._of_groups(text or "")}
        return found.popitem()[1] if len(found) == 1 else None

    def steps(self, department: Department) -> tuple[EscalationStep, ...]:
        """Return a department's escalation policy, shifted so that the first step comes after its own delay."""
        shift = department.delay - self.ladder[0].after
        return tuple(step.model_copy(update={"after": step.after + shift}) for step in self.ladder)

    def is_away(self, status: str | None) -> bool:
        """Return whether an agent with this status is not to be disturbed (W-01)."""
        return status is not None and match_key(status) in {match_key(one) for one in self.away}

    def of_component(self, name: str) -> Department | None:
        """Return the department that a Jira component names, by its name or by a pattern."""
        plain = (row for row in self.departments.values() if row.jira_component == name)
        return next(plain, None) or self._of_pattern(name)

    def of_assignee(self, account: str | None) -> Department | None:
        """Return the department whose issues are assigned to this account."""
        rows = self.departments.values()
        return next((row for row in rows if account and row.jira_assignee == account), None)

    def _of_pattern(self, name: str) -> Department | None:
        starred = [row for row in self.departments.values() if row.is_group and row.jira_component]
        pairs = ((row, _rest(row.jira_component or "", name)) for row in starred)
        return next((row.named(rest) for row, rest in pairs if rest), None)

    def _of_groups(self, text: str) -> list[Department]:
        groups = [row for row in self.departments.values() if row.is_group]
        pairs = ((row, _rest(pattern, text)) for row in groups for pattern in (row.name, *row.aliases, f"{row.id}:*"))
        return [row.named(rest) for row, rest in pairs if rest]

    @cached_property
    def _names(self) -> Names:
        plain = {key: row for key, row in self.departments.items() if not row.is_group}
        return Names([*((key, key) for key in plain), *spellings(plain)])


def _rest(pattern: str, text: str) -> str | None:
    """Return what the star at the end of a pattern stands for, capitalised and without quotes; None if no match."""
    words = len(normalise(pattern.rstrip(STAR)).split())
    found = re.fullmatch(rf"\W*((?:\w+\W+){{{words}}})(\w.*)", text, re.DOTALL)
    if not found or match_key(found[1]) != match_key(pattern.rstrip(STAR)):
        return None
    rest = " ".join(found[2].split()).strip(_QUOTES)
    fits = match_key(rest) and "_" not in rest and len(rest) <= LONGEST
    return rest[0].upper() + rest[1:] if fits else None
