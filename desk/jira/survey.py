"""A survey of a Jira known only by its address: its projects, with everything that `jira.yml` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

from desk.circuit_breaker import Refused
from desk.jira.client import PAGE, JiraSite

REQUEST_TYPE = "com.atlassian.servicedesk:vp-origin"  # the type of the field Request Type, whatever its name
DESKS = "rest/servicedeskapi/servicedesk"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class FoundProject:
    """A project as the bot's account sees it; `request_types` is empty without a service desk.

    `fields`: by issue type id, the custom fields on its create screen (id → name).
    """

    key: str
    name: str
    issue_types: tuple[Row, ...]
    statuses: tuple[Row, ...]
    components: tuple[str, ...]
    request_types: tuple[Row, ...]
    fields: Mapping[str, Mapping[str, str]]
    may_administer: bool


@dataclass(frozen=True)
class Survey:
    """A whole site; `request_type_field` is `None` if it has no service desks."""

    projects: tuple[FoundProject, ...]
    request_type_field: str | None


def survey(site: JiraSite) -> Survey:
    """Survey the site, by reads only. Raises like any call."""
    fields = site.examine("GET /field", lambda client: client.get("rest/api/3/field"))
    kinds = {str(row["id"]): (row.get("schema") or {}).get("custom") for row in fields}
    desks = {row["projectKey"]: row["id"] for row in desk_rows(site, DESKS)}
    projects = tuple(_project(site, row, desks.get(row["key"])) for row in list(_projects(site)))
    return Survey(projects, next((field for field, kind in kinds.items() if kind == REQUEST_TYPE), None))


def account_of(site: JiraSite, email: str) -> str | None:
    """Return the account with this e-mail; `None` if none or several are found."""
    found = site.examine(
        "GET /user/search", lambda client: client.get("rest/api/3/user/search", params={"query": email})
    )
    return str(found[0]["accountId"]) if len(found) == 1 else None


def _projects(site: JiraSite) -> Iterator[Row]:
    start, path = 0, "rest/api/3/project/search"
    while True:
        asked = {"startAt": start, "maxResults": PAGE}
        page = site.examine("GET /project/search", methodcaller("get", path, params=asked))
        yield from page["values"]
        start += len(page["values"])
        if page.get("isLast", True) or not page["values"]:
            return


def desk_rows(site: JiraSite, path: str) -> list[Row]:
    """Return a list from the service desk API; empty if Jira has no service desks."""
    rows: list[Row] = []
    while True:
        asked = {"start": len(rows), "limit": PAGE}
        try:
            page = site.examine("GET /servicedesk", methodcaller("get", path, params=asked))
        except Refused:
            return rows
        rows += page["values"]
        if page.get("isLastPage", True) or not page["values"]:
            return rows


def _project(site: JiraSite, row: Row, desk: str | None) -> FoundProject:
    key = str(row["key"])
    shown = site.examine("GET /project", lambda client: client.get_project(key))
    types = tuple(kind for kind in shown["issueTypes"] if not kind.get("subtask"))
    kinds = site.examine("GET /project/statuses", lambda client: client.get_all_statuses(key))
    statuses = {str(status["id"]): status for kind in kinds for status in kind["statuses"]}
    rights = site.examine(
        "GET /mypermissions",
        lambda client: client.get_my_permissions(project_key=key, permissions="ADMINISTER_PROJECTS"),
    )
    return FoundProject(
        key=key,
        name=str(row["name"]),
        issue_types=types,
        statuses=tuple(statuses.values()),
        components=tuple(one["name"] for one in shown.get("components", ())),
        request_types=tuple(desk_rows(site, f"{DESKS}/{desk}/requesttype")) if desk else (),
        fields={str(kind["id"]): _screen(site, key, str(kind["id"])) for kind in types},
        may_administer=any(right["havePermission"] for right in rights["permissions"].values()),
    )


def _screen(site: JiraSite, key: str, kind: str) -> dict[str, str]:
    page = site.examine(
        "GET /issue/createmeta/issuetypes",
        lambda client: client.get_create_issue_meta_issue_type_id(key, kind, start_at=0, max_results=200),
    )
    return {str(row["fieldId"]): str(row["name"]) for row in page["fields"]}
