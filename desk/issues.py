"""Issues as handlers see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.jira import Project
from desk.jira.client import PROPERTY, Found
from desk.jira.names import is_done

COMPONENTS = "components"
READ = ["summary", "project", "status", "labels", "components", "reporter", "assignee"]


@dataclass(frozen=True)
class Issue:
    """An issue that an action can act on; `new`: this delivery made it; `returned`: this delivery took it back from a
    hold.

    `real=False`: a mode kept it from being made, so it is only mentioned. `lacks`: fields that Jira refused, by their
    names in `jira.yml`, with Jira's messages. `refused`: fields without which it was not made or not changed.
    """

    site: str
    id: str
    key: str
    project: str
    real: bool = True
    new: bool = False
    returned: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict, compare=False)
    refused: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def spoken_of(cls, site: str, project: str) -> Issue:
        """Return a stand-in for an issue that would have been made."""
        return cls(site, "0", f"{project}-?", project, real=False, new=True)


@dataclass(frozen=True)
class TicketRef:
    """The ticket that an issue is linked to; `passed_on`: through its issue in another group's project."""

    source: str
    id: str
    type: str | None
    passed_on: bool = False


@dataclass(frozen=True)
class IssueView:
    """An issue as it is in Jira now; its ticket fields have the names used in the configuration."""

    issue: Issue
    labels: tuple[str, ...]
    components: Mapping[str, str] = field(default_factory=dict)  # name → id
    mark: Mapping[str, Any] = field(default_factory=dict)  # the bot's property
    ticket: str | None = None
    type: str | None = None
    subtype: str | None = None
    warehouse: str | None = None
    status: str = ""
    status_id: str = ""
    finished: bool = False
    request_type: str | None = None
    reporter: str | None = None
    reporter_kind: str | None = None
    assignee: str | None = None
    summary: str = ""


@dataclass(frozen=True)
class Chosen:
    """The components that an issue gets (name → id), and names that do not exist and could not be created.

    `known=False`: the warehouse was guessed.
    """

    ids: Mapping[str, str]
    missing: tuple[str, ...] = ()
    known: bool = True


def fields_to_read(project: Project | None) -> list[str]:
    """Return the names of the fields that `view` needs."""
    own = project.fields if project else None
    custom = [own.ticket, own.type, own.subtype, own.warehouse, own.request_type] if own else []
    return [*READ, *(name for name in custom if name)]


def view(site: str, found: Found, project: Project | None) -> IssueView:
    """Read an issue from Jira's answer."""
    fields = found.fields
    own = project.fields if project else None
    return IssueView(
        issue=Issue(site, found.id, found.key, (fields.get("project") or {}).get("key") or found.key.split("-")[0]),
        labels=tuple(fields.get("labels") or ()),
        components={c["name"]: str(c["id"]) for c in fields.get("components") or () if "id" in c},
        mark=found.properties.get(PROPERTY) or {},
        ticket=_text(fields, own.ticket if own else None),
        type=_text(fields, own.type if own else None),
        subtype=_text(fields, own.subtype if own else None),
        warehouse=_text(fields, own.warehouse if own else None),
        status=str((fields.get("status") or {}).get("name") or ""),
        status_id=str((fields.get("status") or {}).get("id") or ""),
        finished=is_finished(fields),
        request_type=_request_type(fields, own.request_type if own else None),
        reporter=(fields.get("reporter") or {}).get("accountId"),
        reporter_kind=(fields.get("reporter") or {}).get("accountType"),
        assignee=(fields.get("assignee") or {}).get("accountId"),
        summary=str(fields.get("summary") or ""),
    )


def is_finished(fields: Mapping[str, Any]) -> bool:
    """Whether an issue's status is in the category «done», whatever its name and language."""
    return is_done(fields.get("status") or {})


def _request_type(fields: Mapping[str, Any], name: str | None) -> str | None:
    """Return the id of the request type, which Jira nests twice."""
    value = fields.get(name) if name else None
    if isinstance(value, dict):
        value = (value.get("requestType") or value).get("id")
    return str(value) if value else None


def _text(fields: Mapping[str, Any], name: str | None) -> str | None:
    """Return a field's text: plain, or the value of a choice list."""
    value = fields.get(name) if name else None
    if isinstance(value, dict):
        value = value.get("value") or value.get("name")
    return str(value).strip() or None if isinstance(value, str | int) else None
