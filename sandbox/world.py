"""What stands in the sandbox's Jira from the start: people, projects, statuses, ways between them (`world.yml`)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict

REQUEST_TYPE_FIELD = "customfield_10010"
NEW_STATUS = 0  # an issue begins in the first status of the table


class WorldRow(BaseModel):
    """A line of the table; nothing changes it while the sandbox runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class JiraAccount(WorldRow):
    """A person, the bot or a customer; customers may only use the service desk's API."""

    id: str
    name: str
    kind: Literal["atlassian", "app", "customer"]
    admin: bool
    bot: bool = False
    email: str | None = None  # Jira finds people by it, and shows it to nobody
    language: Literal["ru", "en"] = "ru"


class NamedRow(WorldRow):
    """Anything that Jira knows by id and name; `en` is what people whose Jira speaks English see."""

    id: str
    name: str
    en: str | None = None


class IssueType(NamedRow):
    """A type of issues; a `subtask` is part of another issue."""

    subtask: bool = False


class Status(NamedRow):
    """A status with the key of its category."""

    category: Literal["new", "indeterminate", "done"]


class Transition(NamedRow):
    """A way from some statuses to one; `screen` names the fields of its window, `required` those that it asks for.

    One that is not `available` is closed to everybody for now; a `conditional` one depends on conditions.
    """

    to: str
    sources: tuple[str, ...]
    screen: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    available: bool = True
    conditional: bool = False


class LinkType(NamedRow):
    """A kind of link between two issues, as read from either end."""

    inward: str
    outward: str


class SandboxProject(NamedRow):
    """A service project with its service desk and its one request type."""

    key: str
    desk: str
    request_type: str
    components: tuple[str, ...]
    first_status: str | None = None  # where an issue begins, if not in the first status of the table


class World(WorldRow):
    """The whole table."""

    accounts: tuple[JiraAccount, ...]
    statuses: tuple[Status, ...]
    transitions: tuple[Transition, ...]
    issue_types: tuple[IssueType, ...]
    priorities: tuple[NamedRow, ...]
    resolutions: tuple[NamedRow, ...]
    link_types: tuple[LinkType, ...]
    custom_fields: tuple[NamedRow, ...]
    projects: tuple[SandboxProject, ...]
    request_type_name: str
    permissions: tuple[str, ...]
    admin_permissions: tuple[str, ...]

    @property
    def bot(self) -> JiraAccount:
        """The account that Basic auth stands for."""
        return next(account for account in self.accounts if account.bot)

    def account(self, account_id: object) -> JiraAccount | None:
        """The account with this id, if there is one."""
        return by_id(self.accounts, account_id)

    def status(self, status_id: str) -> Status:
        """The status with this id; it must exist."""
        return next(status for status in self.statuses if status.id == status_id)

    def project(self, id_or_key: object) -> SandboxProject | None:
        """The project with this id or key (keys are upper case)."""
        wanted = str(id_or_key)
        return next((p for p in self.projects if wanted == p.id or wanted.upper() == p.key), None)


Known = TypeVar("Known", JiraAccount, Status, Transition, NamedRow, LinkType)


def by_id(rows: Iterable[Known], row_id: object) -> Known | None:
    """The row with this id, if there is one; ids are compared as text."""
    return next((row for row in rows if row.id == str(row_id)), None)


@cache
def load_world() -> World:
    """Read the table that stands next to this module."""
    return World.model_validate(yaml.safe_load(Path(__file__).with_name("world.yml").read_text(encoding="utf-8")))
