"""`jira.yml`: sites, projects, fields, statuses, and the components that name neighbour groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from config.fields import Duration, Strict, Text, Url, matching
from config.names import Names, match_key

_KEY = r"^[A-Z][A-Z0-9_]+$"
_FIELD = r"^customfield_\d+$"
_NAME = r"^[a-z][a-z0-9_-]*$"
_LABEL = r"^\S{1,255}$"
_PATTERN = r"^(?=.*[^*?\s]).*$"
ProjectKey = Annotated[
    str, AfterValidator(matching(_KEY, "project_key")), WithJsonSchema({"type": "string", "pattern": _KEY})
]
FieldId = Annotated[
    str, AfterValidator(matching(_FIELD, "field_id")), WithJsonSchema({"type": "string", "pattern": _FIELD})
]
Id = Annotated[str, AfterValidator(matching(_NAME, "plain_id")), WithJsonSchema({"type": "string", "pattern": _NAME})]
Label = Annotated[str, AfterValidator(matching(_LABEL, "label")), WithJsonSchema({"type": "string", "pattern": _LABEL})]
ComponentPattern = Annotated[
    Text,
    AfterValidator(matching(_PATTERN, "component_pattern")),
    WithJsonSchema({"type": "string", "pattern": _PATTERN}),
]
Purpose = Literal["escalation", "hold_ozon", "hold_seller", "case", "claim", "courier"]

SECRETS = (("sites", "*", "token"),)


class Site(Strict):
    """A Jira Cloud site and the account that the bot uses there."""

    url: Url
    user: Text
    token: SecretStr


class ProjectFields(Strict):
    """Ids of the custom fields into which a ticket's data goes; one that is None is not filled.

    `request_type` is Jira Service Management's own field; with a value in it the customer can see the issue.
    """

    ticket: FieldId | None = None
    type: FieldId | None = None
    subtype: FieldId | None = None
    warehouse: FieldId | None = None
    request_type: FieldId | None = None

    @model_validator(mode="after")
    def _no_field_twice(self) -> Self:
        every = (self.ticket, self.type, self.subtype, self.warehouse, self.request_type)
        ids = [value for value in every if value]
        twice = sorted({value for value in ids if ids.count(value) > 1})
        if twice:
            raise PydanticCustomError("field_twice", "used twice", {"field": twice[0]})
        return self


class Statuses(Strict):
    """A project's names for its statuses (C-26): in work, the common queue, waiting for the seller, finished.

    Waiting for the seller may be the same as the queue or as in work; the others must differ.
    """

    in_work: Text
    queue: Text
    waiting_seller: Text
    done: Annotated[tuple[Text, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        done = {match_key(name) for name in self.done}
        twice = [name for name in (self.in_work, self.queue, self.waiting_seller) if match_key(name) in done]
        if match_key(self.in_work) == match_key(self.queue):
            twice.append(self.queue)
        if twice:
            raise PydanticCustomError("status_twice", "means two things", {"status": twice[0]})
        return self


class Project(Strict):
    """A Jira project: its site, the issue type per purpose (by name), and whether components may be created.

    `request_type` goes into the field `fields.request_type`; if it is None, no seller can see the project's issues.
    """

    site: Text
    issue_type: Annotated[dict[Purpose, Text], Field(min_length=1)]
    create_components: bool = False
    fields: ProjectFields = ProjectFields()
    statuses: Statuses
    request_type: Text | None = None


@dataclass(frozen=True)
class Components:
    """Names of the components to set; `known` is False when the warehouse is unknown (C-01)."""

    names: tuple[str, ...]
    known: bool


class ComponentRule(Strict):
    """Which components an escalation of one ticket type gets (W-57, C-01)."""

    always: tuple[Text, ...] = ()
    by_warehouse: dict[Text, Text] = Field(default_factory=dict)
    warehouse_aliases: dict[Text, tuple[Text, ...]] = Field(default_factory=dict)
    fallback: Text | None = None

    def for_warehouse(self, text: str | None) -> Components:
        """Choose by the warehouse as the ticket spells it; an unknown one gets the fallback, with `known` False.

        A rule without warehouses always gives its fallback, with `known` True.
        """
        warehouse = self._warehouses.find(text)
        own = self.by_warehouse[warehouse] if warehouse else self.fallback
        names = dict.fromkeys((*self.always, own) if own else self.always)
        return Components(tuple(names), known=warehouse is not None or not self.by_warehouse)

    @cached_property
    def _warehouses(self) -> Names:
        aliases = [(name, alias) for name in self.by_warehouse for alias in self.warehouse_aliases.get(name, ())]
        return Names([*((name, name) for name in self.by_warehouse), *aliases])


class HoldLabels(Strict):
    """The labels by which a person asks for a hold in Jira."""

    ozon: Label = "hold-ozon"
    seller: Label = "hold-seller"

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.ozon.casefold() == self.seller.casefold():
            raise PydanticCustomError("labels_same", "one label for both", {"label": self.seller})
        return self


class JiraConfig(Strict):
    """All of `jira.yml`; the first site is the default. `components` is keyed by ticket type id.

    `reconcile_every`: how often Jira is searched for events that its webhooks lost.
    `neighbours`: patterns of components that name a neighbour group; a hold removes these (W-67, W-74).
    """

    sites: Annotated[dict[Id, Site], Field(min_length=1)]
    projects: Annotated[dict[ProjectKey, Project], Field(min_length=1)]
    components: dict[Id, ComponentRule] = Field(default_factory=dict)
    neighbours: tuple[ComponentPattern, ...] = ()
    hold_labels: HoldLabels = HoldLabels()
    reconcile_every: Duration = timedelta(minutes=5)

    def is_neighbour(self, name: str) -> bool:
        """Return True when a component names a neighbour group; patterns are case-sensitive, with `*`, `?`, `[…]`."""
        return any(fnmatchcase(name, pattern) for pattern in self.neighbours)
