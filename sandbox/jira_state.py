"""What the sandbox's Jira knows: issues with their comments, links and properties."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.search_index import SearchIndex
from sandbox.world import SandboxProject, World

INTERNAL_MARK = "sd.public.comment"
FIRST_DAY = 1_577_836_800  # 2020-01-01; ids count from the milliseconds since then: a restarted sandbox repeats none


@dataclass
class SandboxComment:
    """A comment; `body` is ADF, accounts are ids."""

    id: str
    author: str
    update_author: str
    created: datetime
    updated: datetime
    body: dict[str, Any]
    properties: dict[str, Any] = field(default_factory=dict)
    visibility: dict[str, Any] | None = None

    @property
    def public(self) -> bool:
        """False for a comment that the customer does not see."""
        mark = self.properties.get(INTERNAL_MARK)
        return not (isinstance(mark, dict) and mark.get("internal") in (True, "true"))


@dataclass(frozen=True)
class SandboxAttachment:
    """A file of an issue; `author` is an account's id, `kind` the media type."""

    id: str
    author: str
    created: datetime
    name: str
    content: bytes
    kind: str


@dataclass
class RemoteLink:
    """A link to something outside Jira, unique on its issue by `global_id`."""

    id: int
    global_id: str | None
    body: dict[str, Any]


@dataclass
class IssueLink:
    """A link between two issues: `type`, `source` and `destination` are ids."""

    id: int
    type: str
    source: str
    destination: str


@dataclass
class Component:
    """A component of a project."""

    id: str
    name: str
    project: SandboxProject
    description: str | None = None
    lead: str | None = None
    assignee_type: str = "PROJECT_DEFAULT"


@dataclass(frozen=True)
class ChangelogEntry:
    """An entry of an issue's changelog: what its `author` changed at once."""

    id: str
    author: str
    created: datetime
    items: list[dict[str, Any]]


@dataclass
class SandboxIssue:
    """An issue; `fields` holds what can be written (`jira_fields.py`), as ids and text; lists in it are tuples."""

    id: str
    key: str
    project: SandboxProject
    type: str
    status: str
    creator: str
    created: datetime
    updated: datetime
    status_changed: datetime
    fields: dict[str, Any]
    resolved: datetime | None = None
    parent: str | None = None  # the id of the issue that this one is a sub-task of
    properties: dict[str, Any] = field(default_factory=dict)
    comments: list[SandboxComment] = field(default_factory=list)
    attachments: list[SandboxAttachment] = field(default_factory=list)
    remote_links: list[RemoteLink] = field(default_factory=list)
    participants: tuple[str, ...] = ()
    history: list[ChangelogEntry] = field(default_factory=list)


class JiraState:
    """The whole state; the caller holds the sandbox's lock. Ids and keys go on through a reset: Jira reuses none."""

    def __init__(self, world: World, now: Callable[[], datetime], lag: float) -> None:
        """Begin with the world's table; `lag` is how many seconds search stays behind."""
        self._first = world
        self.now = now
        self._ids = itertools.count(int((time.time() - FIRST_DAY) * 1000))
        self._numbers = {project.key: itertools.count(1) for project in world.projects}
        self._lag = lag
        self.reset()

    def reset(self) -> None:
        """Forget every issue and every change of the table."""
        self.world = self._first  # doors and renamings put a changed copy in its place
        self.issues: dict[str, SandboxIssue] = {}
        self.keys: dict[str, str] = {}  # a moved issue is found by its old keys too
        self.links: dict[int, IssueLink] = {}
        self.denied: set[str] = set()
        self.off_screen: set[str] = set()  # fields that no screen shows
        self.left: set[str] = set()  # accounts of people who are not there any more
        self.index = SearchIndex(self._lag)
        self.components: dict[str, Component] = {}
        for project in self.world.projects:
            for name in project.components:
                self.add_component(project, name)

    def next_id(self) -> int:
        """A number that nothing else has."""
        return next(self._ids)

    def next_key(self, project: SandboxProject) -> str:
        """The next free key of a project."""
        return f"{project.key}-{next(self._numbers[project.key])}"

    def add_component(self, project: SandboxProject, name: str) -> Component:
        """Put a component into a project."""
        component = Component(str(self.next_id()), name, project)
        self.components[component.id] = component
        return component

    def project_components(self, project: SandboxProject) -> list[Component]:
        """The components of a project, by name as Jira lists them."""
        mine = [component for component in self.components.values() if component.project == project]
        return sorted(mine, key=lambda component: component.name.casefold())

    def find(self, id_or_key: object) -> SandboxIssue | None:
        """The issue with this id or (present or former) key."""
        wanted = str(id_or_key)
        return self.issues.get(wanted) or self.issues.get(self.keys.get(wanted.upper(), ""))

    def links_of(self, issue_id: str) -> list[IssueLink]:
        """The links that begin or end at an issue."""
        return [link for link in self.links.values() if issue_id in (link.source, link.destination)]

    def comments(self) -> Iterator[tuple[SandboxIssue, SandboxComment]]:
        """Every comment with its issue."""
        return ((issue, comment) for issue in self.issues.values() for comment in issue.comments)

    def touch(self, issue: SandboxIssue) -> None:
        """Stamp a write and let search know of it (after its lag)."""
        issue.updated = self.now()
        self.index.note(issue)

    def remove(self, issue: SandboxIssue) -> None:
        """Delete an issue with everything that hangs on it."""
        del self.issues[issue.id]
        self.keys = {key: issue_id for key, issue_id in self.keys.items() if issue_id != issue.id}
        for link in self.links_of(issue.id):
            del self.links[link.id]
        self.index.note_deleted(issue.id)
